"""JSON that somebody else may have written: read, or a ValueError."""

import json

import pytest

from mbert_cli.json_text import MAX_DEPTH, parse_json, read_json, read_object, require_shallow


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize("text", ['{"a": [1, {"b": null}], "c": "é"}', "3", "[]", nested(MAX_DEPTH)])
def test_json_is_read_as_text_and_as_bytes(text):
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 980, 995, 1000, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ("[1, 2, ", ", 3]")])
def test_what_is_nested_too_deeply_is_a_value_error(depth, brackets):
    with pytest.raises(ValueError, match=f"^it is nested more than {MAX_DEPTH} deep$"):
        parse_json(nested(depth, *brackets))


def test_many_brackets_beside_each_other_are_not_deep():
    require_shallow([[[]]] * 10_000)
    require_shallow({str(place): [{}] for place in range(10_000)})


@pytest.mark.parametrize("text", ["", "{", "[1,]", "\ufeff{}", "[" * 100_000])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse_json(text)


def test_a_file_is_read_in_its_encoding(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes("\ufeff[1]".encode())
    assert read_json(path, "utf-8-sig") == [1]
    with pytest.raises(ValueError, match="BOM"):
        read_json(path)
    path.write_bytes(b'["\xff"]')
    with pytest.raises(ValueError, match="can't decode byte"):
        read_json(path)
    with pytest.raises(OSError, match="nowhere"):
        read_json(tmp_path / "nowhere")


@pytest.mark.parametrize(("text", "expected"), [('{"a": 1}', {"a": 1}), ("[1]", {}), ("{", {}), ("", {})])
def test_what_is_no_object_is_read_as_an_empty_one(tmp_path, text, expected):
    path = tmp_path / "x.json"
    assert read_object(path) == {}
    path.write_text(text)
    assert read_object(path) == expected
