"""Labels in the order of their ids, and what in their names is likely to be a mistake."""

import random

import pytest

from mbert_cli.examples.label_names import (
    alike_labels,
    describe_numbers,
    find_joined,
    label_lines,
    missing_labels,
    order_labels,
    separator_of,
)


@pytest.mark.parametrize(
    "ordered",
    [
        [str(number) for number in range(12)],
        ["1.0", "2.0", "10.0"],
        ["-20", "-3", "0", "+4", "1e2"],
        ["0.5", "1.5", "10"],
        ["0,5", "1,5", "10"],
        ["-1,5", "-0,5", "0", ",5", "10,0", "1e2"],
        ["0,125", "0,250", "1,500", "10"],
        ["500", "1,000", "12,500", "1,000,000"],
        ["999.5", "1,000.5"],
        ["1", "10", "2", "x"],
        ["1,", "10,", "2,"],
        ["10,5,2", "2,5"],
        ["10", "9", "inf"],
        ["10", "9", "nan"],
        ["1", "1.0", "2"],
        ["١", "٢"],
        ["B", "a", "é"],
    ],
)
def test_numbers_are_ordered_by_value_and_names_by_their_characters(ordered):
    shuffled = random.Random(0).sample(ordered * 2, 2 * len(ordered))
    assert order_labels(shuffled) == ordered


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["0", "1", "2"], None),
        (["0.0", "1.0"], None),
        (["1", "2", "5"], "output 0 is label 1, the last, output 2, is label 5"),
        (["1", "0"], "output 0 is label 1, the last, output 1, is label 0"),
        (["0.5", "1"], None),
        (["0,5", "1"], None),
        (["0,0", "1,0"], None),
        (["500", "1,000"], "output 0 is label 500, the last, output 1, is label 1,000"),
        (["0", "x"], None),
    ],
)
def test_numbers_that_are_not_those_of_the_outputs_are_said(labels, said):
    assert describe_numbers(labels) == said


def test_labels_that_differ_in_form_alone_are_found():
    labels = [
        "Sport",
        "sport",
        "new  york",
        "New York",
        "1",
        "1.0",
        "+1",
        "x",
        "é",
        "e\u0301",
        "y",
        "y\u200b",
    ]
    assert alike_labels(labels) == [
        ["Sport", "sport"], ["new  york", "New York"], ["1", "1.0", "+1"], ["é", "e\u0301"], ["y", "y\u200b"],
    ]  # fmt: skip


def test_names_of_values_that_are_not_there_are_found():
    assert missing_labels(["none", "NaN", "na", "null", "<NA>"]) == ["NaN", "null", "<NA>"]


@pytest.mark.parametrize("mark", ["#", ";", "|", "/", ",", "+", "&", " "])
def test_labels_whose_parts_are_labels_look_joined(mark):
    labels = ["sea", "money", f"sea{mark}money", f"film{mark}sea"]
    joined = find_joined(labels, "\t")
    assert (joined.separator, joined.parts) == (mark, ("sea", "money"))
    assert str(joined) == f"{mark!r} (sea{mark}money is made of sea and money)"
    assert find_joined(labels, mark) is None
    assert separator_of(f"sea{mark}money", ["money", "sea"]) == mark


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["a;b", "b;c", "a;c"], ";"),  # no label stands alone, but every part in two labels
        (["a;b", "c;d"], None),
        (["a/b", "b/c", "a/c"], None),
        (["a/b", "c/d", "a"], None),  # b stands nowhere else
        (["new york", "new jersey"], None),
        (["c", "c#", "f", "f#"], None),
        (["a, b", "a", "b"], ","),
    ],
)
def test_parts_must_stand_elsewhere(labels, found):
    joined = find_joined(labels, "\t")
    assert (joined and joined.separator) == found


def test_where_an_example_has_one_label_all_parts_must_be_labels():
    assert find_joined(["a", "b", "a;b;c", "c;a"], None) is None
    assert find_joined(["a", "b", "c", "a;b;c"], None).label == "a;b;c"


def test_a_label_with_line_breaks_is_one_line_in_a_list_of_labels():
    assert label_lines(["a", "b\nc\r\nd\u2028e", "f"]) == "a\nb c d e\nf\n"
