"""JSON arrays that fill a file, whatever the window that they are read in."""

import json

import pytest

from mbert_cli.corpus import json_arrays
from mbert_cli.corpus.json_arrays import read_array
from mbert_cli.errors import UserError

ROWS = [{"text": f'A {number}.\n\né "]', "inner": [{"b": [1, 2.5]}, None]} for number in range(20)]


@pytest.fixture(autouse=True, params=[1, 40, 10**6])
def window(request, monkeypatch):
    monkeypatch.setattr(json_arrays, "WINDOW_CHARACTERS", request.param)


@pytest.mark.parametrize("indent", [0, 1, 4])
def test_items_are_those_of_the_whole_array(tmp_path, indent):
    path = tmp_path / "t.jsonl"
    path.write_text("\n" + json.dumps(ROWS, indent=indent) + "\n\n")
    assert [value for _, value in read_array(path)] == ROWS


def test_items_are_named_by_line_and_number(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('[{"a": 1}, {"a": 2},\n\n{"a":\n3},\n{"a": 4}\n]\n')
    assert [place for place, _ in read_array(path)] == ["1, item 1", "1, item 2", "3, item 3", "5, item 4"]


def test_an_empty_array_has_no_items(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text("[\n\n]\n")
    assert list(read_array(path)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[\n{"a": 1},\n{"a": }\n]', "3 (Expecting value)"),
        ('[\n{"a": 1}\n{"a": 2}\n]', "3 (Expecting ',' delimiter)"),
        ('[\n{"a": 1},\n]', "3 (Illegal trailing comma before end)"),
        ('[\n{"a": 1}\n]\n3', "4 (Extra data)"),
        ('[\n{"a": 1},\n{"a": "cut\n', "3 (Invalid control character at)"),
        ("[\n" + "[" * 200_000 + "\n]", "2 (nested too deep)"),
    ],
)
def test_what_is_no_array_is_named_with_its_line(tmp_path, text, found):
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        list(read_array(path))
    assert caught.value.message == (
        f"A file whose lines are no JSON must be JSON as a whole. Received: {path}:{found}"
    )


def test_an_array_that_was_cut_off_is_refused(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('[\n{"a": 1},\n{"a": 2}\n')
    with pytest.raises(UserError, match="Expecting ',' delimiter"):
        list(read_array(path))
