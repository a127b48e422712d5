"""Cells that write their labels as a list, and cells that only look so."""

import pytest

from mbert_cli.examples.label_lists import is_in_brackets, listed_labels


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("['sea', 'money']", ["sea", "money"]),
        (' ["sea", "mo,ney"] ', ["sea", "mo,ney"]),
        ('["s\\u00e9a", 1, 2.5, true, null]', ["séa", 1, 2.5, True, None]),
        ("['it\\'s', \"a ' 'b\", None, True, -1,]", ["it's", "a ' 'b", None, True, -1]),
        ("['sea' 'money']", ["sea", "money"]),
        ("['sea'\n 'money' \"it's\"]", ["sea", "money", "it's"]),
        ("[0 2]", [0, 2]),
        ("[ 0 10\n 12]", [0, 10, 12]),
        ("[ True False]", [True, False]),
        ("('sea', 'money')", ["sea", "money"]),
        ("('sea',)", ["sea"]),
        ("{'sea', 'money'}", ["sea", "money"]),
        ("[b'sea', b'm\\xc3\\xa9er']", ["sea", "méer"]),
        ("[]", []),
        ("[ ]", []),
        ("()", []),
        ("set()", []),
    ],
)
def test_a_list_is_read_as_json_python_and_numpy_write_it(cell, labels):
    assert listed_labels(cell) == labels


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "[",
        "sea",
        "[sea, money]",
        "[sea money]",
        "['sea' 'money', 'film']",
        "['sea''money']",
        "['a' 'b' ... 'y' 'z']",
        "['a', ..., 'z']",
        "[np.str_('sea'), np.str_('money')]",
        "[('a', 'b')]",
        "['a', ['b']]",
        "[['a' 'b']\n ['c' 'd']]",
        "[1j]",
        "[b'\\xff', 'a']",
        "{}",
        "{'a': 1}",
        "('sea')",
        "('sea' 'money')",
        "{'sea' 'money'}",
        "(5)",
        "['sea']; ['money']",
    ],
)
def test_what_is_no_list_of_constants_is_none(cell):
    assert listed_labels(cell) is None


def test_a_list_in_json_is_one_whatever_stands_in_it():
    assert listed_labels('["a", ["b"]]') == ["a", ["b"]]


@pytest.mark.parametrize("cell", ["[sea; money]", " (x) ", "{'a': 1}", "[a [b]]", "[]"])
def test_a_cell_stands_in_brackets_where_the_first_one_closes_at_its_end(cell):
    assert is_in_brackets(cell)


@pytest.mark.parametrize("cell", ["", "sea", "sea (deep)", "[a] or [b]", "(a) b", "[a", "a]", "(a]"])
def test_a_cell_with_brackets_inside_does_not_stand_in_them(cell):
    assert not is_in_brackets(cell)
