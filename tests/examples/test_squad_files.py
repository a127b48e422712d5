"""Files of questions in either layout become the same plain values; what is neither is named with its place."""

import gzip
import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.squad import Answer, Question
from mbert_cli.examples.squad_files import read_squad

CONTEXT = "Zoë lives in a café. She has 🦊🦊."
LAYOUT_HINT = (
    "Write the file as SQuAD's own are: data[].paragraphs[] with context and qas[], each with id, question and "
    "answers[] of text and answer_start; or rows of id, question, context and answers of the lists text and "
    "answer_start."
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
    assert [question.is_impossible for question in squad.questions] == [False, True, None]
    assert [len(question.answers) for question in squad.questions] == [1, 0, 0]


def test_a_file_that_is_not_json_is_refused(write):
    path = write("id\tquestion\n")
    error = refused(path)
    assert error.message == (
        "Each line of a .jsonl file must be one JSON object. "
        f"Received: {path}:1 (Expecting value: line 1 column 1 (char 0))"
    )


@pytest.mark.parametrize(
    ("value", "rule", "received"),
    [
        ({}, "a list at data", "nothing"),
        ({"data": {}}, "a list at data", "an object"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, "a text at data[0].paragraphs[0].context", "nothing"),
        (content(qa(), context=7.5), "a text at data[0].paragraphs[0].context", "a fraction"),
        (content(qa(), {"id": "b"}), "a text at data[0].paragraphs[0].qas[1].question", "nothing"),
        (content(qa() | {"id": None}), "an id at data[0].paragraphs[0].qas[0].id", "null"),
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


def test_what_is_no_object_is_named_with_its_line(write):
    path = write("7\n")
    assert refused(path).message == (
        f"A SQuAD file must have an object at the top. Received: a whole number in {path}:1"
    )
    path = write('{"version": 1,\n"data": [[]]}')
    assert refused(path).message == (
        f"A SQuAD file must have an object at data[0]. Received: a list in {path}:2, item 1"
    )


def test_a_repeated_id_is_refused(write):
    path = write(content(qa("q1"), qa("q2"), qa("q1")))
    error = refused(path)
    assert error.message == (
        "Each question id must occur once in a SQuAD data set. Received: 'q1' at "
        f"data[0].paragraphs[0].qas[0] and data[0].paragraphs[0].qas[2] in {path}"
    )
    assert error.hint == "Give one of the questions another id, or take it out."


def test_a_member_that_occurs_twice_is_refused_at_any_depth(tmp_path):
    row = '{"id": "q", "question": "Who?", "context": "Ada.", "answers": {"text": ["Ada"], "answer_start": [0]%s}}'
    path = tmp_path / "q.jsonl"
    for twice, name in ((row % ', "text": ["x"]', "text"), (row.replace('"id"', '"context": "B", "id"') % "", "context"),
                        ('{"data": [], "data": []}', "data")):  # fmt: skip
        path.write_text(f"{twice}\n")
        assert refused(path).message == (
            f"A JSON object must have each name once. Received: {name!r} more than once in {path}:1"
        )


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


@pytest.mark.parametrize("value", [{"data": []}, [], content()])
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


ROWS = [
    {"id": 7, "title": "Zoë", "context": CONTEXT, "question": "Where?",
     "answers": {"text": ["café", "a café"], "answer_start": [15, 13]}},
    {"id": "8", "context": CONTEXT, "question": "Who?", "answers": {"text": [], "answer_start": []}},
    {"id": {"$oid": "5f"}, "context": CONTEXT, "question": "Whom?", "answers": [{"text": "🦊", "answer_start": 29}]},
    {"id": 9.5, "context": CONTEXT, "question": "What?", "answers": {"text": "Zoë", "answer_start": 0}},
]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "\n".join(map(json.dumps, ROWS)) + "\n\n",
        json.dumps(ROWS),
        json.dumps(ROWS, indent=1),
        json.dumps({"version": "1", "data": ROWS}),
        json.dumps({"data": ROWS, "version": "1"}, indent=2),
        "[" + ",\n".join(map(json.dumps, ROWS)) + "]",
    ],
)
def test_a_question_a_row_is_what_data_sets_of_transformers_have(write, written):
    squad = read_squad(write(written))
    assert squad.questions == (
        Question("7", "Where?", CONTEXT, (Answer("café", 15), Answer("a café", 13))),
        Question("8", "Who?", CONTEXT, ()),
        Question('{"$oid": "5f"}', "Whom?", CONTEXT, (Answer("🦊", 29),)),
        Question("9.5", "What?", CONTEXT, (Answer("Zoë", 0),)),
    )
    assert squad.questions[0].context is squad.questions[3].context


@pytest.mark.parametrize(
    ("row", "rule", "received"),
    [
        ({"id": 1, "question": "Who?", "answers": {}}, "a text at context", "nothing"),
        ({"id": 1, "context": CONTEXT, "question": None}, "a text at question", "null"),
        ({"context": CONTEXT, "question": "Who?"}, "an id at id", "nothing"),
        (ROWS[0] | {"answers": {"text": ["a"]}}, "a list at answers.answer_start", "nothing"),
        (
            ROWS[0] | {"answers": {"text": ["a", "b"], "answer_start": [1]}},
            "as many items in text as in answer_start at answers", "2 and 1",
        ),
        (
            ROWS[0] | {"answers": {"text": ["a"], "answer_start": ["1"]}},
            "a whole number at answers[0].answer_start", "a text",
        ),
        (ROWS[0] | {"answers": "café"}, "a list at answers", "a text"),
        (ROWS[0] | {"answers": None}, "a list at answers", "null"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_line(write, row, rule, received):
    path = write(f"{json.dumps(ROWS[1])}\n\n{json.dumps(row)}\n")
    assert refused(path).message == f"A SQuAD file must have {rule}. Received: {received} in {path}:3"
    path = write(f"[{json.dumps(ROWS[1])},\n{json.dumps(row)}\n]")
    rule = rule.replace(" at ", " at [1].")
    assert refused(path).message == f"A SQuAD file must have {rule}. Received: {received} in {path}:2, item 2"


def test_an_id_that_two_rows_have_is_named_with_both_lines(write):
    path = write("\n".join(json.dumps(ROWS[1] | {"id": name}) for name in (1, 2, "1")))
    assert refused(path).message == (
        f"Each question id must occur once in a SQuAD data set. Received: '1' at line 1 and line 3 in {path}"
    )
