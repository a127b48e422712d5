"""SQuAD as plain values: those of tensorflow-datasets are the file's, and what is wrong with answers."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from mbert_cli.errors import UserError
from mbert_cli.examples.squad import (
    Answer,
    Misplaced,
    Question,
    collect_squad,
    read_squad_tfds,
    squad_from_tfds,
)

CONTEXT = "Zoë lives in a café. She has 🦊🦊."


def test_misplaced_answers_are_counted_and_the_first_three_shown():
    answers = [
        Answer("Zoe", 0),
        Answer("café", 14),
        Answer("café", -1),
        Answer("🦊", 900),
        Answer("café", 15),
    ]
    squad = collect_squad("train.json", [Question("q1", "Where?", CONTEXT, tuple(answers))])
    assert squad.num_misplaced == 4
    assert squad.misplaced == (
        Misplaced("q1", Answer("Zoe", 0), "Zoë"),
        Misplaced("q1", Answer("café", 14), " caf"),
        Misplaced("q1", Answer("café", -1), ""),
    )
    assert squad.notes[0] == "4 answers are not where train.json says; training leaves them out"


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


def test_examples_of_tensorflow_datasets_are_questions():
    examples = [example("q1", [("café", 15), ("cafe", 15)]), example("q2", [], is_impossible=np.True_)]
    squad = squad_from_tfds("squad/v2.0:train", examples)
    assert squad.questions == (
        Question("q1", "What of q1?", CONTEXT, (Answer("café", 15), Answer("cafe", 15))),
        Question("q2", "What of q2?", CONTEXT, (), is_impossible=True),
    )
    assert squad.misplaced == (Misplaced("q1", Answer("cafe", 15), "café"),)
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
        for name, *answers in (("q1", ("café", 15), ("a café", 13)), ("q2", ("🦊", 28))):
            placed = [{"text": text, "answer_start": start} for text, start in answers]
            record = {"id": name, "question": f"What of {name}?", "context": CONTEXT, "answers": placed}
            yield name, record


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
