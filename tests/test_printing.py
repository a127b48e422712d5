"""Lines and tables on any stream."""

import io

import pytest
from rich.console import Console

from mbert_cli.printing import figure_columns, print_line, print_table, printed_text


@pytest.mark.parametrize(
    ("cell", "is_figure"),
    [
        ("1,234", True), ("-0.5", True), ("91.2%", True), ("2.0x", True), ("3.5 ms", True), ("24.6 MB", True),
        ("7 B", True), ("34 MB/s", True), ("", True), ("80.00% ± 2.83%", False), ("3 of 6", False), ("v2", False),
    ],
)  # fmt: skip
def test_a_column_of_figures_and_blanks_is_set_to_the_right(cell, is_figure):
    assert figure_columns(["a", "b"], [("1", "text"), (cell, "2")]) == [is_figure, False]


def test_a_column_without_rows_is_no_column_of_figures():
    assert figure_columns(["a"], []) == [False]


def test_text_that_is_kept_has_neither_colours_nor_breaks():
    def show(stream: Console) -> None:
        print_line(stream, "word " * 60 + "[bold]end", style="bold")
        print_table(stream, "Title", ["name", "value"], [("x" * 100, 1)])

    line, title, _, _, row, _ = printed_text(show).splitlines()
    assert line.endswith("[bold]end")
    assert title == "Title"
    assert row.split() == ["x" * 100, "1"]


def test_a_cell_with_tabs_is_shown_whole():
    stream = Console(file=io.StringIO(), width=60)
    print_table(stream, "", ["label\tof", "text"], [("x\ty\tzzz END", "1\n2\tworld END"), ("中\tb", "c")])
    assert [line.rstrip() for line in stream.file.getvalue().splitlines()] == [
        " label   of                text",
        "─────────────────────────────────────────────",
        " x       y       zzz END   1",
        "                           2       world END",
        " 中       b                c",
        "",
    ]


def test_a_terminal_is_not_obeyed_by_a_cell():
    stream = Console(file=io.StringIO(), width=60)
    print_table(stream, "", ["a"], [("\x1b[31m",)])
    assert "\\x1b[31m" in stream.file.getvalue()
