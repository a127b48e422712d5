"""SQuAD files and data sets become the same plain values; what is not SQuAD is named with its place."""

import gzip
import json

import numpy as np
import pytest
import tensorflow_datasets as tfds

from mbert_cli.data.squad import (
    Answer,
    Misplaced,
    Question,
    read_squad,
    read_squad_tfds,
    squad_from_tfds,
)
from mbert_cli.errors import UserError

CONTEXT = "Zoë lives in a café. She has 🦊🦊."
LAYOUT_HINT = (
    "Write the file as SQuAD is: data[].paragraphs[] with context and qas[], each with id, question and "
    "answers[] of text and answer_start."
)


def qa(name: str = "q1", *answers: tuple[str, int], **more) -> dict:
    return {
        "id": name,
        "question": f"What of {name}?",
        "answers": [{"text": text, "answer_start": start} for text, start in answers],
    } | more


def content(*qas: dict, context: object = CONTEXT) -> dict:
    paragraph = {"context": context, "qas": list(qas)}
    return {"version": "1.1", "data": [{"title": "Zoë", "paragraphs": [paragraph]}]}


@pytest.fixture
def write(tmp_path):
    def write(value: object):
        path = tmp_path / "train.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    return write


def refused(path) -> UserError:
    with pytest.raises(UserError) as caught:
        read_squad(path)
    return caught.value


def test_a_file_becomes_questions_in_its_order(write):
    path = write(content(qa("q1", ("café", 15), ("a café", 13)), qa("q0", ("🦊🦊", 29))))
    squad = read_squad(path)
    assert squad.name == "train.json"
    assert squad.questions == (
        Question("q1", "What of q1?", CONTEXT, (Answer("café", 15), Answer("a café", 13))),
        Question("q0", "What of q0?", CONTEXT, (Answer("🦊🦊", 29),)),
    )
    assert (squad.num_misplaced, squad.misplaced, squad.notes) == (0, (), [])
    assert squad.questions[0].context is squad.questions[1].context


def test_a_gzip_file_is_the_same(tmp_path):
    path = tmp_path / "train.json.gz"
    path.write_bytes(gzip.compress(json.dumps(content(qa("q1", ("café", 15)))).encode()))
    assert read_squad(path).questions[0].answers == (Answer("café", 15),)


def test_impossible_questions_are_marked_and_answers_may_be_missing(write):
    unanswered = qa("q3")
    del unanswered["answers"]
    squad = read_squad(
        write(content(qa("q1", ("Zoë", 0), is_impossible=False), qa("q2", is_impossible=True), unanswered))
    )
    assert [question.is_impossible for question in squad.questions] == [False, True, False]
    assert [len(question.answers) for question in squad.questions] == [1, 0, 0]


def test_misplaced_answers_are_counted_and_the_first_three_shown(write):
    answers = [("Zoe", 0), ("café", 14), ("café", -1), ("🦊", 900), ("café", 15)]
    squad = read_squad(write(content(qa("q1", *answers))))
    assert squad.num_misplaced == 4
    assert squad.misplaced == (
        Misplaced("q1", Answer("Zoe", 0), "Zoë"),
        Misplaced("q1", Answer("café", 14), " caf"),
        Misplaced("q1", Answer("café", -1), ""),
    )
    assert len(squad.questions[0].answers) == 5


def test_a_file_that_is_not_json_is_refused(write):
    path = write("id\tquestion\n")
    error = refused(path)
    assert error.message == (
        f"A SQuAD file must be JSON. Received: {path} (Expecting value: line 1 column 1 (char 0))"
    )
    assert error.hint == "Set the path to a file like train-v1.1.json."


@pytest.mark.parametrize(
    ("value", "rule", "received"),
    [
        ([], "an object at the top", "a list"),
        ({}, "a list at data", "nothing"),
        ({"data": {}}, "a list at data", "an object"),
        ({"data": [1]}, "an object at data[0]", "a whole number"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, "a text at data[0].paragraphs[0].context", "nothing"),
        (content(qa(), context=7.5), "a text at data[0].paragraphs[0].context", "a fraction"),
        (content(qa(), {"id": "b"}), "a text at data[0].paragraphs[0].qas[1].question", "nothing"),
        (content(qa() | {"id": 5}), "a text at data[0].paragraphs[0].qas[0].id", "a whole number"),
        (content("why"), "an object at data[0].paragraphs[0].qas[0]", "a text"),
        (content(qa(answers=None)), "a list at data[0].paragraphs[0].qas[0].answers", "null"),
        (
            content(qa(answers=[{"text": "Zoë", "answer_start": True}])),
            "a whole number at data[0].paragraphs[0].qas[0].answers[0].answer_start",
            "true or false",
        ),
        (
            content(qa(is_impossible="no")),
            "true or false at data[0].paragraphs[0].qas[0].is_impossible",
            "a text",
        ),
        (
            content(qa(), context="half of a fox: \ud83e"),
            "a text in valid Unicode at data[0].paragraphs[0].context",
            "half of a surrogate pair",
        ),
    ],
)
def test_what_is_not_laid_out_as_squad_is_named_with_its_place(write, value, rule, received):
    path = write(value)
    error = refused(path)
    assert error.message == f"A SQuAD file must have {rule}. Received: {received} in {path}"
    assert error.hint == LAYOUT_HINT


def test_a_repeated_id_is_refused(write):
    path = write(content(qa("q1"), qa("q2"), qa("q1")))
    error = refused(path)
    assert error.message == (
        "Each question id must occur once in a SQuAD data set. Received: 'q1' at "
        f"data[0].paragraphs[0].qas[0] and data[0].paragraphs[0].qas[2] in {path}"
    )
    assert error.hint == "Give one of the questions another id, or take it out."


def test_an_empty_context_is_refused(write):
    path = write(content(qa("q1"), context=" \n"))
    error = refused(path)
    assert error.message == (
        f"Each context must have text. Received: ' \\n' for data[0].paragraphs[0].qas[0] in {path}"
    )
    assert error.hint == "Fill the context in, or take its questions out."


def test_an_impossible_question_with_answers_is_refused(write):
    path = write(content(qa("q1", ("Zoë", 0), is_impossible=True)))
    error = refused(path)
    assert error.message == (
        "A question marked is_impossible must have no answers. "
        f"Received: 1 at data[0].paragraphs[0].qas[0] in {path}"
    )
    assert error.hint == "Take the answers out, or set is_impossible to false."


@pytest.mark.parametrize("value", [{"data": []}, content()])
def test_a_file_without_questions_is_refused(write, value):
    path = write(value)
    error = refused(path)
    assert error.message == f"A SQuAD data set must have questions. Received: {path} without any"
    assert error.hint == "Check the data set."


def test_a_file_that_is_missing_is_refused(tmp_path):
    error = refused(tmp_path / "none.json")
    assert error.message == (
        f"A text file must be readable. Received: {tmp_path}/none.json (No such file or directory)"
    )


def example(name: str, answers: list[tuple[str, int]], **more) -> dict:
    return {
        "id": name.encode(),
        "question": f"What of {name}?".encode(),
        "context": CONTEXT.encode(),
        "answers": {
            "text": np.array([text.encode() for text, _ in answers], object),
            "answer_start": np.array([start for _, start in answers], np.int32),
        },
    } | more


def test_examples_of_tensorflow_datasets_are_what_the_file_gives(write):
    examples = [example("q1", [("café", 15), ("cafe", 15)]), example("q2", [], is_impossible=np.True_)]
    squad = squad_from_tfds("squad/v2.0:train", examples)
    file = read_squad(write(content(qa("q1", ("café", 15), ("cafe", 15)), qa("q2", is_impossible=True))))
    assert squad.questions == file.questions
    assert squad.misplaced == file.misplaced == (Misplaced("q1", Answer("cafe", 15), "café"),)
    assert squad.name == "squad/v2.0:train"
    assert type(squad.questions[0].answers[0].start) is int
    assert squad.questions[0].context is squad.questions[1].context


def test_examples_are_checked_as_files_are():
    with pytest.raises(UserError) as caught:
        squad_from_tfds("squad/v1.1:train", [example("q1", []), example("q1", [])])
    assert caught.value.message == (
        "Each question id must occur once in a SQuAD data set. "
        "Received: 'q1' at example 0 and example 1 in squad/v1.1:train"
    )


class PocketQuestions(tfds.core.GeneratorBasedBuilder):
    """Two questions with the features of squad/v1.1, whose mock data has more starts than texts."""

    __module__ = "pocket_questions"  # see test_corpus_tfds.py

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        text = tfds.features.Text()
        answers = tfds.features.Sequence({"text": text, "answer_start": np.int32})
        features = {"id": text, "question": text, "context": text, "answers": answers}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, _):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for record in (qa("q1", ("café", 15), ("a café", 13)), qa("q2", ("🦊", 28))):
            yield record["id"], record | {"context": CONTEXT}


def test_a_prepared_data_set_gives_questions(tmp_path):
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    PocketQuestions(data_dir=tmp_path).download_and_prepare(download_config=config)
    squad = read_squad_tfds("pocket_questions", "train", str(tmp_path))
    assert squad.name == "pocket_questions:train"
    assert sorted(squad.questions, key=lambda question: question.id) == [
        Question("q1", "What of q1?", CONTEXT, (Answer("café", 15), Answer("a café", 13))),
        Question("q2", "What of q2?", CONTEXT, (Answer("🦊", 28),)),
    ]
    assert squad.misplaced == (Misplaced("q2", Answer("🦊", 28), " "),)


def test_another_data_set_of_tensorflow_datasets_is_refused():
    with pytest.raises(UserError) as caught:
        read_squad_tfds("glue/sst2", "train", None)
    assert caught.value.message == (
        "A SQuAD data set must have the features id, question, context and answers. "
        "Received: glue/sst2 without id, question, context, answers"
    )
    assert caught.value.hint == "Set the data set to squad/v1.1 or squad/v2.0."
