"""Rows of JSON files in every way that people put them together, with their lines."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.json_items import read_json_items

ROWS = [{"a": 1}, {"a": [2]}, {"a": "]},"}]


def read(tmp_path: Path, content: str, *lists: str) -> list[tuple]:
    path = tmp_path / "t.json"
    path.write_text(content, encoding="utf-8")
    return [tuple(item) for item in read_json_items(path, lists or ("data",))]


def test_a_row_a_line_stands_there(tmp_path):
    content = "\ufeff\n" + "\r\n\n".join(map(json.dumps, ROWS))
    assert read(tmp_path, content) == [("2", "", ROWS[0]), ("4", "", ROWS[1]), ("6", "", ROWS[2])]
    assert read(tmp_path, " \n") == []
    assert read(tmp_path, '{"a": 1}') == [("1", "", {"a": 1})]
    assert read(tmp_path, "1\n[]\n") == [("1", "", 1)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(tmp_path, encoding):
    path = tmp_path / "t.json"
    for content in ('{"a": "é"}', '[\n{"a": "é"}\n]'):
        path.write_bytes(content.encode(encoding))
        assert [item.value for item in read_json_items(path)] == [{"a": "é"}]


def test_an_array_that_begins_with_a_text_is_a_row(tmp_path):
    pair = ["Ann", {"entities": []}]
    assert read(tmp_path, json.dumps(pair)) == [("1", "", pair)]
    assert read(tmp_path, f"{json.dumps(pair)}\n{json.dumps(pair)}") == [("1", "", pair), ("2", "", pair)]
    assert read(tmp_path, json.dumps([pair, pair])) == [
        ("1, item 1", "[0]", pair), ("1, item 2", "[1]", pair),
    ]  # fmt: skip


def test_an_array_of_many_lines_has_the_line_of_each_item(tmp_path):
    assert read(tmp_path, json.dumps(ROWS, indent=1)) == [
        ("2, item 1", "[0]", ROWS[0]), ("5, item 2", "[1]", ROWS[1]), ("10, item 3", "[2]", ROWS[2]),
    ]  # fmt: skip
    assert read(tmp_path, "[\n]") == read(tmp_path, "[]") == []


def test_a_list_inside_an_object_holds_the_rows(tmp_path):
    value = {"x": {"data": 1}, "data": ROWS[:2], "y": "}"}
    items = [("1, item 1", "data[0]", ROWS[0]), ("1, item 2", "data[1]", ROWS[1])]
    assert read(tmp_path, json.dumps(value)) == items
    indented = read(tmp_path, json.dumps(value, indent=1))
    assert [(item[1], item[2]) for item in indented] == [(item[1], item[2]) for item in items]
    assert [item[0] for item in indented] == ["6, item 1", "9, item 2"]
    assert read(tmp_path, json.dumps(value), "other") == [("1", "", value)]
    assert read(tmp_path, json.dumps(value, indent=1), "other") == [("1", "", value)]
    assert read(tmp_path, '{"data": "text"}') == [("1", "", {"data": "text"})]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("x\n", ":1 (Expecting value: line 1 column 1 (char 0))"),
        ('{"a": 1}\n\n{"a"\n', ":3 (Expecting ':' delimiter: line 1 column 5 (char 4))"),
        ('[{"a": 1},\n{"a": 2}', ":2 (Expecting ',' delimiter: line 2 column 9 (char 19))"),
        ('[{"a": 1},\n]', ":1 (Illegal trailing comma before end: line 1 column 10 (char 9))"),
        ('[\n1]]', ":2 (Extra data: line 2 column 3 (char 4))"),
        ('{"a": 1,\n"b" 2}', ":2 (Expecting a name and ':': line 2 column 1 (char 9))"),
        ('{"a":\n', ":1 (Expecting value: line 1 column 6 (char 5))"),
    ],
)  # fmt: skip
def test_what_is_not_json_is_named_with_its_line(tmp_path, content, place):
    with pytest.raises(UserError) as caught:
        read(tmp_path, content)
    assert caught.value.message.endswith(f"Received: {tmp_path / 't.json'}{place}")
