"""Which column of a file a name means."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.table_columns import find_columns, match_name, taken_for


def refused(wanted: list[str], names: list[str], **more: object) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        find_columns(wanted, names, "t.csv:1", **more)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize("name", ["text", "Text", "TEXT", " text ", "\ufefftext", "text\u00a0", "text\t"])
def test_case_outer_blanks_and_marks_make_no_other_name(name):
    assert match_name("text", ["texts", name]) == [name]
    assert find_columns(["text"], ["label", name], "t.csv:1") == [name]


def test_an_equal_name_goes_first():
    assert find_columns(["Text", "text"], ["text", "TEXT", "Text"], "t.csv:1") == ["Text", "text"]


def test_a_name_that_is_there_twice_is_refused_where_it_is_wanted():
    assert find_columns(["text"], ["a", "text", "a"], "t.csv:1") == ["text"]
    assert refused(["a"], ["a", "text", "a"])[0] == (
        "A column that the recipe names must occur once. Received: 'a' more than once in t.csv:1"
    )


def test_an_exact_name_is_wanted_where_the_file_is_exact():
    assert "'text' too. Received: 'Text' in t.csv:1" in refused(["text"], ["Text"], is_exact=True)[0]


def test_names_in_a_message_are_no_longer_than_a_person_reads():
    message, _ = refused(["text"], ["x" * 500, *map(str, range(60))])
    assert f"'{'x' * 120}...', '0', '1'" in message and "'38', ... in t.csv:1" in message


def test_what_is_taken_for_a_name_is_said():
    assert taken_for(Path("a/t.csv"), ["text"], ["text"]) == []
    assert taken_for(Path("a/t.csv"), ["text", "label"], ["text", "Label"]) == [
        "t.csv: the column 'Label' for 'label' is taken"
    ]
