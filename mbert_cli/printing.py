"""How lines and tables are printed on a stream of rich: a terminal, a pipe, or a text that is kept."""

import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mbert_cli.standard_streams import printable
from mbert_cli.table_layout import column_groups, may_fold

if TYPE_CHECKING:
    import rich.table
    import rich.text
    from rich.console import Console

UNLIMITED_WIDTH = 2000
"""In a pipe, a log or a file nothing is cut to the width of a terminal that is not there."""

_FIGURE = re.compile(r"([-+]?[\d.,]+ ?(%|x|ms|s|MB/s|[kMGT]?B)?)?$")
"""A number with or without its unit, or nothing: columns of these are set to the right."""


def open_stream(is_errors: bool, is_terminal: bool, on_broken_pipe: Callable[[], None]) -> "Console":
    """Standard output or standard error, as rich prints on it.

    Args:
        is_errors: Whether it is standard error.
        is_terminal: Whether lines are as wide as those of a terminal.
        on_broken_pipe: Called where nobody reads any further.
    """
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            on_broken_pipe()

    return _Console(stderr=is_errors, width=None if is_terminal else UNLIMITED_WIDTH)


def printed_text(show: "Callable[[Console], None]") -> str:
    """What is printed on a stream that is neither a terminal nor coloured.

    Args:
        show: Prints on it.
    """
    from rich.console import Console

    kept = io.StringIO()
    show(Console(file=kept, width=UNLIMITED_WIDTH, color_system=None, force_terminal=False))
    return kept.getvalue()


def print_line(stream: "Console", text: str, style: str | None = None) -> None:
    """Prints a line as it is, without markup, never broken."""
    shown = printable(text, stream.file)
    stream.print(shown, style=style, markup=False, highlight=False, emoji=False, soft_wrap=True)


def print_table(
    stream: "Console", title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Prints a table, in several with the same first column where the terminal is too narrow for one.

    Args:
        stream: Where to.
        title: Line above the table; empty for none.
        columns: Headings; all empty for no heading.
        rows: Cells of each row, as many as there are columns.
    """
    from rich.text import Text

    if title:
        print_line(stream, title, style="bold")
    # A tab takes no room where rich measures a cell and up to eight blanks where it prints it, so the rest was cut.
    cells = [
        [Text(printable(str(cell), stream.file).expandtabs()) for cell in row] for row in (columns, *rows)
    ]
    widths = [max(_width(row[index]) for row in cells) for index in range(len(columns))]
    are_right = figure_columns(columns, rows)
    for places in column_groups(widths, stream.width):
        folds = may_fold(places, widths, stream.width)
        stream.print(_grid([[row[place] for place in places] for row in cells], places, are_right, folds))
        stream.print()


def figure_columns(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[bool]:
    """Which columns hold nothing but figures, and are set to the right."""
    return [bool(rows) and all(_is_figure(row[place]) for row in rows) for place in range(len(columns))]


def _grid(
    cells: "Sequence[Sequence[rich.text.Text]]",
    places: Sequence[int],
    are_right: Sequence[bool],
    folds: Sequence[bool],
) -> "rich.table.Table":
    """A table of some columns; the first row has the headings."""
    from rich import box
    from rich.table import Table

    headings, *rows = cells
    grid = Table(
        box=box.SIMPLE_HEAD, show_header=any(map(str, headings)), show_edge=False, header_style="bold"
    )
    for heading, place, is_folded in zip(headings, places, folds, strict=True):
        grid.add_column(
            heading,
            justify="right" if are_right[place] else "left",
            overflow="fold",
            no_wrap=not is_folded,
        )
    for row in rows:
        grid.add_row(*row)
    return grid


def _width(cell: "rich.text.Text") -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cell.plain.split("\n")))


def _is_figure(cell: object) -> bool:
    return bool(_FIGURE.match(str(cell)))
