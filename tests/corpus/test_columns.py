"""Columns of rows by name, members of columns included, and the text in them."""

import pytest

from mbert_cli.corpus.columns import MISSING, document_text, require_names, require_once, value_of
from mbert_cli.errors import UserError
from mbert_cli.text.json_items import DECODER


def refused(row, column="text") -> UserError:
    with pytest.raises(UserError) as caught:
        document_text(row, column, "t.jsonl:3")
    return caught.value


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ({"a": {"b": 1}}, "a.b", 1),
        ({"a": {"b": {"c": None}}}, "a.b.c", None),
        ({"a.b": 1, "a": {"b": 2}}, "a.b", 1),
        ({"a.b": {"c": 1}}, "a.b.c", 1),
        ({"a": {"b.c": 1}}, "a.b.c", 1),
        ({"a": {"b": 1}}, "a.c", MISSING),
        ({"a": 1}, "a.b", MISSING),
        ({"a": None}, "a.b", MISSING),
        ({}, "a", MISSING),
    ],
)
def test_a_member_of_a_column_is_found_by_a_path(row, column, value):
    assert value_of(row, column) is value or value_of(row, column) == value


def test_texts_of_a_list_are_paragraphs():
    assert document_text({"text": ["One.", "Two."]}, "text", "") == "One.\n\nTwo."
    assert document_text({"doc": {"pages": ["é"]}}, "doc.pages", "") == "é"
    assert document_text({"text": []}, "text", "") == ""


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"body": "x"}, "body"),
        ({"text": None}, "null there"),
        ({"text": [[]]}, "a list, [[]] there"),
        ({"text": 5}, "5 there"),
        ({"text": ["x", None]}, 'a list, ["x", null] there'),
        ({"text": [{"role": "user"}]}, 'a list, [{"role": "user"}] there'),
        ({"text": b"x"}, "bytes there"),
    ],
)
def test_what_is_no_text_is_named_with_its_row(row, found):
    assert refused(row).message == (
        f"Each row of a table of documents must have text in the column 'text'. Received: t.jsonl:3 with {found}"
    )


def test_a_row_without_a_value_can_be_left_out_and_another_value_cannot():
    message = (
        "Each row of a table of documents must have text in the column 'doc.body'. Received: t.jsonl:3 with "
    )
    null = refused({"doc": None}, "doc.body")
    assert null.message == f"{message}null there"
    assert null.hint.endswith("leave out rows without text: --set 'corpus.where=doc.body is not None'")
    assert refused({"doc": {}}, "doc.body").message == f"{message}doc"
    other = refused({"doc": {"body": b"x"}}, "doc.body")
    assert other.message == f"{message}bytes there"
    assert other.hint == "Correct the row, or set corpus.text to a column of texts"


def test_half_of_a_surrogate_pair_is_named_with_its_row():
    assert refused({"text": "smile \ud83d"}).message == (
        "A text must be valid Unicode. Received: t.jsonl:3 with half of a surrogate pair, \\ud83d"
    )


def test_a_table_has_each_column_that_is_wanted_once():
    require_names("t.csv", ["a"], ["a", "b"], ["a", "b"])
    with pytest.raises(UserError, match="without 'c'; it has a, b"):
        require_names("t.csv", ["c"], ["a", "b"], ["a", "b"])
    with pytest.raises(UserError, match=r"Received: t\.csv with several called 'a'"):
        require_names("t.csv", ["a"], ["a", "b", "a"], ["a", "b", "a"])


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ('{"text": "a", "text": "b"}', "text"),
        ('{"doc": {"body": "a"}, "doc": {"body": "b"}}', "doc.body"),
        ('{"doc": {"body": "a", "body": "b"}}', "doc.body"),
        ('{"a.b": {"c": "x", "c": "y"}}', "a.b.c"),
    ],
)
def test_a_column_that_a_row_of_json_has_twice_is_refused(line, column):
    with pytest.raises(UserError) as caught:
        require_once(DECODER.decode(line), column, "t.jsonl:3")
    assert " more than once in t.jsonl:3" in caught.value.message


def test_other_names_of_a_row_may_occur_more_than_once():
    require_once(DECODER.decode('{"text": "a", "id": 1, "id": 2, "x": {"text": 1, "text": 2}}'), "text", "")


def test_long_and_many_names_of_columns_are_cut_in_messages():
    names = ["a b " * 50, " id", *map(str, range(30))]
    with pytest.raises(UserError) as caught:
        require_names("t.csv", ["text"], names, names)
    shown = f"{'a b ' * 10}..."
    assert f"it has {shown!r}, ' id', 0, 1, " in caught.value.message
    assert caught.value.message.endswith("16, 17, ...")
