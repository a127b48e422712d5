"""The task section of a recipe: what its keys cannot say together."""

import re

import pytest

from mbert_cli.examples.options import FileTask, SquadTask, TokenTask


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["A", "A"], "labels must be distinct"),
        (["O", "A"], "O stands for words outside of entities"),
        (["O", "B-A", "C"], "O stands for words outside of entities"),
        (["O"], "O stands for words outside of entities"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        TokenTask(source="tokens", train="t.conll", labels=labels)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("delimiter", ";;", "delimiter must be one character, or \\t for a tab, and no quotation mark"),
        ("delimiter", '"', "delimiter must be one character, or \\t for a tab, and no quotation mark"),
        ("encoding", "utf-9", "encoding must be one that Python knows, such as utf-8, utf-16 or cp1252"),
        ("encoding", "rot13", "encoding must be one that Python knows, such as utf-8, utf-16 or cp1252"),
    ],
)
def test_a_form_that_no_file_has_is_refused(key, value, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        FileTask(source="file", train="t.csv", **{key: value})


@pytest.mark.parametrize("written", ["\\t", "tab", "\t"])
def test_a_tab_can_be_written_in_three_ways(written):
    assert FileTask(source="file", train="t.csv", delimiter=written).delimiter == "\t"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "classification"}, "a list of columns in label needs kind: multi_label"),
        ({"labels": ["a"]}, "the columns in label are the labels; leave labels out"),
        (
            {"label": ["a", "a"]},
            "text, second_text and label must be columns of their own; named more than once: 'a'",
        ),
        (
            {"label": ["a", "text"]},
            "text, second_text and label must be columns of their own; named more than once: 'text'",
        ),
    ],
)
def test_columns_of_labels_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        FileTask(source="file", train="t.csv", **{"kind": "multi_label", "label": ["a", "b"]} | options)


@pytest.mark.parametrize("options", [{"label": "text"}, {"second_text": "text"}])
def test_a_column_is_not_read_as_two(options):
    with pytest.raises(ValueError, match="must be columns of their own; named more than once: 'text'"):
        FileTask(source="file", train="t.csv", **options)


def test_a_row_must_hold_the_question():
    with pytest.raises(
        ValueError, match=r"sequence_length \(64\) must be at least question_length \(64\) and 4"
    ):
        SquadTask(source="squad", sequence_length=64)


def test_labels_of_numbers_and_labels_that_stand_twice_are_refused():
    with pytest.raises(ValueError, match="a regression has no labels; leave labels out"):
        FileTask(source="file", train="t.csv", kind="regression", labels=["a"])
    with pytest.raises(ValueError, match="labels must be distinct"):
        FileTask(source="file", train="t.csv", labels=["a", "b", "a"])


def test_all_tags_may_be_listed_in_the_order_of_their_ids():
    labels = ["B-PER", "I-PER", "O"]
    assert TokenTask(source="tokens", train="t.conll", labels=labels).labels == labels
    assert TokenTask(source="tokens", train="t.conll", labels=["O", "X"], kind="tags").labels == ["O", "X"]
