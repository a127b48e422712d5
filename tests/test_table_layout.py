"""Tables on narrow terminals: cut between columns, never inside a name or a number."""

import io

import pytest
from rich.console import Console

from mbert_cli import console
from mbert_cli.table_layout import column_groups, may_fold


def test_a_table_that_fits_is_one():
    assert column_groups([10, 10, 10], 38) == [[0, 1, 2]]


def test_what_does_not_fit_goes_into_another_table_with_the_first_column():
    assert column_groups([10, 10, 10], 37) == [[0, 1], [0, 2]]


def test_a_long_column_counts_as_what_it_can_be_folded_to():
    assert column_groups([10, 200], 80) == [[0, 1]]
    assert may_fold([0, 1], [10, 200], 80) == [False, True]


def test_a_column_that_is_too_wide_for_a_line_is_folded():
    assert column_groups([30, 30], 50) == [[0, 1]]
    assert may_fold([0, 1], [30, 30], 50) == [True, True]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_longer_than_the_terminal_and_no_name_is_torn(width: int, monkeypatch: pytest.MonkeyPatch):
    stream = Console(file=io.StringIO(), width=width)
    monkeypatch.setattr(console, "_results", lambda: stream)
    columns = [f"heading {index}" for index in range(9)]
    rows = [[f"mobilebert_no_opt_{row}", *(f"{10**index:,}" for index in range(8))] for row in range(3)]
    console.table("Sizes", columns, rows)
    lines = stream.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert all(any(name in line for line in lines) for name, *_ in rows)
    assert all(any(figure in line for line in lines) for figure in rows[0][1:])


def test_a_narrow_table_repeats_the_first_column(monkeypatch: pytest.MonkeyPatch):
    stream = Console(file=io.StringIO(), width=23)
    monkeypatch.setattr(console, "_results", lambda: stream)
    console.table("Runs", ["name", "size", "score"], [("first", "1.5 MB", "91.2%"), ("next", "2 kB", "")])
    assert [line.rstrip() for line in stream.file.getvalue().splitlines()] == [
        "Runs",
        " name      size",
        "────────────────",
        " first   1.5 MB",
        " next      2 kB",
        "",
        " name    score",
        "───────────────",
        " first   91.2%",
        " next",
        "",
    ]
