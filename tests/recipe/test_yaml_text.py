"""The YAML of recipes."""

import pytest

from mbert_cli.recipe.yaml_text import (
    Entry,
    YamlProblem,
    plain,
    read_entries,
    read_plain,
    read_value,
    written,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), ("4.5e-3", 4.5e-3), ("1e5", 100_000), ("240_000", 240_000), ("10.0", 10.0), ("-3", -3),
        (".5", 0.5), (".inf", float("inf")), ("-.inf", float("-inf")), ("true", True), ("False", False), ("on", "on"),
        ("yes", "yes"), ("null", None), ("~", None), ("", None), ("2020-01-01", "2020-01-01"), ("0x10", "0x10"),
        ("[1, x, 'a, b']", [1, "x", "a, b"]), ("'5'", "5"), ("{a: [1, {b: c}]}", {"a": [1, {"b": "c"}]}),
    ],
)  # fmt: skip
def test_scalars_are_read_by_the_rules_of_yaml_1_2(text, value):
    read = plain(read_value(text))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        "true", "1e-3", "240_000", "a: b", "x,y", "- a", "-", "*a", "train[:10%]", "wikipedia/20230601.en", "~", "",
        "C:\\books", "a #b", "ü", "[PAD]", "**/*.md", "null", "a:", "#a", " a", "a\nb", "on", 1e-6, 1.0, 3, True, None,
        float("inf"), [1.0, None, True, "a, b"], [], {"a": {"b": [1]}},
    ],
)  # fmt: skip
def test_a_written_value_reads_back_as_itself(value):
    assert plain(read_value(written(value))) == value
    assert plain(read_value(written([value]))) == [value]


def test_entries_know_the_line_of_their_key():
    entries = read_entries("# header\na:\n  b: 1\n\n  c: [1,\n      2]\nd: x\n")
    assert entries == {"a": Entry({"b": Entry(1, 3), "c": Entry([1, 2], 5)}, 2), "d": Entry("x", 7)}


def test_an_empty_text_is_an_empty_recipe():
    assert read_entries("# only a comment\n") == {}


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key a is already given in line 1", 3),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "the key b is already given in line 2", 4),
        ("- a\n", "a recipe must be a mapping of keys to values", 1),
        ("a: b: c\n", "not YAML: mapping values are not allowed here", 1),
        ("a:\n\tb: 1\n", "not YAML: found character '\\t' that cannot start any token", 2),
        ("a: 1\nb: \x07\n", "not YAML: special characters are not allowed", 2),
        ("a: !!python/name:os.system 1\n", "the tag tag:yaml.org,2002:python/name:os.system has no meaning in a recipe", 1),
        ("a: !!float x\n", "not a number: x", 1),
        ("[a]: 1\n", "a key must be a word", 1),
    ],
)  # fmt: skip
def test_what_is_not_a_recipe_is_refused_with_its_line(text, message, line):
    with pytest.raises(YamlProblem) as problem:
        read_entries(text)
    assert (problem.value.message, problem.value.line) == (message, line)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#", "#"), ("a #b", "a #b"), ("a: b", "a: b"), ("@x", "@x"), ("[a", "[a"), ("", None), ("~", None), ("3", 3),
        ("1e-4", 1e-4), ("true", True), ("yes", "yes"), ("C:\\x", "C:\\x"), (" ", " "), ("- a", "- a"), ("\udcff", "\udcff"),
    ],
)  # fmt: skip
def test_an_unquoted_scalar_that_stands_alone_is_not_cut(text, value):
    assert read_plain(text) == value
