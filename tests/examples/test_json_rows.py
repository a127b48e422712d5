"""Objects a line, or in one array, and their fields."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.table_files import Columns, read_table

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
    ("content", "lines", "holder"),
    [
        ('[{"text": "x", "label": 1}, {"label": null, "text": ["y"], "o": NaN}]', [1, 1], "a JSON array"),
        (
            '\n[\n {"text": "x",\n "label": 1},\n\n {"text": ["y"], "label": null}\n]\n',
            [3, 6],
            "a JSON array",
        ),
        (
            '{"data": [\n{"text": "x", "label": 1},\n{"text": ["y"], "label": null}]}',
            [2, 3],
            "the list 'data' of a JSON object",
        ),
    ],
)
def test_an_array_is_read_and_said(tmp_path, name, content, lines, holder):
    table = read(tmp_path, content, name)
    places = [f"{line}, item {number}" for number, line in enumerate(lines, 1)]
    assert table.rows == [(places[0], ("x", 1)), (places[1], (["y"], None))]
    assert table.notes == [f"{name}: the rows are the items of {holder}"]


def test_a_list_beside_the_wanted_fields_is_passed_over(tmp_path):
    table = read(tmp_path, '{"text": "x", "label": 1, "data": [1, 2]}\n')
    assert table.rows == [(1, ("x", 1))] and table.notes == []


def test_an_array_without_objects_has_no_rows(tmp_path):
    assert read(tmp_path, "[ ]").rows == []


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ("3\n", "3 in /t.jsonl:1"),
        ('{"text": "x", "label": 1}\n"y"\n', 'text, "y" in /t.jsonl:2'),
        ('["x", 1]\n["y", 2]\n', 'a list, ["x", 1] in /t.jsonl:1'),
        ('[{"text": "x", "label": 1},\n 3]', "3 in /t.jsonl:2, item 2"),
    ],
)
def test_what_is_no_object_is_named_with_its_line(tmp_path, content, received):
    assert refused(tmp_path, content) == f"Each row of a JSON file must be an object. Received: {received}"


def test_a_field_that_occurs_twice_is_refused_where_it_is_read(tmp_path):
    assert refused(tmp_path, '{"text": "x", "label": 1, "text": "y"}') == (
        "A column that the recipe names must occur once. Received: 'text' more than once in /t.jsonl:1"
    )
    table = read(tmp_path, '{"text": "x", "label": 1, "a": NaN, "a": {"b": 1, "b": 2}}')
    assert table.rows == [(1, ("x", 1))]
