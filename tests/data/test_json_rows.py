"""Objects a line, or in one array, and their fields."""

import pytest

from mbert_cli.data.table_files import Columns, read_table
from mbert_cli.errors import UserError

COLUMNS = Columns("text", label="label")


def read(tmp_path, content: str, name: str = "t.jsonl"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return read_table(path, COLUMNS)


def refused(tmp_path, content: str, name: str = "t.jsonl") -> str:
    with pytest.raises(UserError) as caught:
        read(tmp_path, content, name)
    return caught.value.message.replace(str(tmp_path), "")


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.ndjson"])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ('[{"text": "x", "label": 1}, {"label": null, "text": ["y"], "other": NaN}]', [1, 1]),
        ('\n[\n  {"text": "x",\n   "label": 1},\n\n  {"text": ["y"], "label": null}\n]\n', [3, 6]),
    ],
)
def test_an_array_is_read_and_said(tmp_path, name, content, lines):
    table = read(tmp_path, content, name)
    assert table.rows == [(lines[0], ("x", 1)), (lines[1], (["y"], None))]
    assert table.notes == [f"{name} is one JSON array; each of its objects is a row"]


def test_an_array_without_objects_has_no_rows(tmp_path):
    assert read(tmp_path, "[ ]").rows == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "3\n",
            "Each line of a .jsonl file must be one JSON object. Received: 3 in /t.jsonl:1",
        ),
        (
            '{"text": "x", "label": 1}\n"y"\n',
            'Each line of a .jsonl file must be one JSON object. Received: text, "y" in /t.jsonl:2',
        ),
        (
            '["x", 1]\n["y", 2]\n',
            'Each line of a .jsonl file must be one JSON object. Received: a list, ["x", 1] in /t.jsonl:1',
        ),
        (
            '[{"text": "x", "label": 1},\n 3]',
            "Each value of a JSON array must be one JSON object. Received: 3 in /t.jsonl:2",
        ),
        (
            '[{"text": "x",\n]',
            ("A file that begins with [ must be one JSON array. Received: /t.jsonl (Expecting property name enclosed "
            "in double quotes: line 2 column 1 (char 15))"),
        ),
        (
            '{"text": "x", "label": 1, "text": "y"}',
            "A column that the recipe names must occur once. Received: 'text' more than once in /t.jsonl:1",
        ),
    ],
)  # fmt: skip
def test_what_is_no_object_is_named_with_its_line(tmp_path, content, message):
    assert refused(tmp_path, content) == message


def test_other_fields_may_hold_and_repeat_anything(tmp_path):
    table = read(tmp_path, '{"text": "x", "label": 1, "a": NaN, "a": {"b": 1, "b": 2}}')
    assert table.rows == [(1, ("x", 1))]
