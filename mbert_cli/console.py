"""The terminal: results on standard output; messages, errors and progress on standard error.

Rich is imported when something is printed, so that `mbert --help` need not wait for it.
"""

import functools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from mbert_cli.standard_streams import drop_streams, json_line, printable

if TYPE_CHECKING:
    import rich.console
    import rich.table
    import rich.text

_UNLIMITED_WIDTH = 2000
_FIGURE = re.compile(r"([-+]?[\d.,]+ ?(%|x|ms|s|MB/s|[kMGT]?B)?)?$")
"""A number with or without its unit, or nothing: columns of these are set to the right."""


@dataclass
class _Settings:
    quiet: bool = False


_settings = _Settings()


class Progress(Protocol):
    """What `progress` yields."""

    def update(self, step: int, **fields: object) -> None:
        """Says how far the work is.

        Args:
            step: Steps done, out of the total.
            **fields: Figures to show: `stage`, `loss`, `learning_rate`, `examples_per_second`, or others;
                `building` names the stage that is made ready, whose first step says nothing of the pace.
        """


def set_quiet(quiet: bool) -> None:
    """With quiet, `info`, `plan` and `progress` print nothing; results, warnings and errors remain."""
    _settings.quiet = quiet


@contextmanager
def silence() -> Iterator[None]:
    """Quiet for a while: for a look ahead at what will be said again in its place."""
    before = _settings.quiet
    _settings.quiet = True
    try:
        yield
    finally:
        _settings.quiet = before


def result(text: str) -> None:
    """Prints a line of the command's result."""
    _print(_results(), text)


def record(values: Mapping[str, object]) -> None:
    """Prints a record of the command's result as one line of JSON; not through rich, for there may be many."""
    try:
        sys.stdout.write(json_line(values, sys.stdout) + "\n")
    except BrokenPipeError:
        _end_quietly()


def info(text: str) -> None:
    """Says what happens and why: a choice that was made, a value that was derived."""
    if not _settings.quiet:
        _print(_messages(), text)


def warning(text: str) -> None:
    """Says what the person should know although the work goes on."""
    _message("Warning", text, "yellow")


def error(message: str, hint: str = "") -> None:
    """Says why the command ends and what fixes it."""
    _message("Error", message, "bold red")
    if hint:
        _message("Hint", hint, "cyan")


def stopped(message: str, hint: str = "") -> None:
    """Says where the command was interrupted, which is no error, and how to go on."""
    _print(_messages(), message)
    if hint:
        _message("Hint", hint, "cyan")


def crash() -> None:
    """Prints the traceback of the exception that is handled, which is a bug of mbert."""
    _messages().print_exception(show_locals=False, width=110)
    error("This is a bug of mbert.", "Report it with the lines above and the output of `mbert --version`.")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table of results.

    Args:
        title: Line above the table; empty for none.
        columns: Headings; all empty for no heading.
        rows: Cells of each row, as many as there are columns.
    """
    _print_table(_results(), title, columns, rows)


def plan(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    facts: Mapping[str, object] | None = None,
    is_result: bool = False,
) -> None:
    """Prints what a command is about to do.

    Args:
        title: Line above the table.
        columns: Headings, as of `table`.
        rows: The stages.
        facts: Further lines, by name: parameters, steps, directories.
        is_result: For `--dry-run`, where the plan is all that is printed.
    """
    if _settings.quiet and not is_result:
        return
    stream = _results() if is_result else _messages()
    _print_table(stream, title, columns, rows)
    for name, value in (facts or {}).items():
        _print(stream, f"{name}: {value}")


@contextmanager
def progress(total: int | None, description: str, start: int = 0) -> Iterator[Progress]:
    """Shows how far a long work is: a bar on a terminal, elsewhere one line per update, with `-q` nothing.

    Args:
        total: Steps of the whole work; None when that is not known.
        description: What is being done.
        start: Steps that were done before, by a run that is continued.
    """
    from mbert_cli.progress import Bar, Lines, Silent

    stream = _messages()
    kind = Bar if stream.is_terminal and not stream.is_dumb_terminal else Lines
    with Silent() if _settings.quiet else kind(stream, total, description, start) as shown:
        yield shown


def _print_table(
    stream: "rich.console.Console", title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Prints a table, in several with the same first column where the terminal is too narrow for one."""
    from rich.text import Text

    from mbert_cli.table_layout import column_groups, may_fold

    if title:
        _print(stream, title, style="bold")
    cells = [[Text(printable(str(cell), stream.file)) for cell in row] for row in (columns, *rows)]
    widths = [max(_width(row[index]) for row in cells) for index in range(len(columns))]
    are_figures = [
        bool(rows) and all(_is_figure(row[index]) for row in rows) for index in range(len(columns))
    ]
    for places in column_groups(widths, stream.width):
        folds = may_fold(places, widths, stream.width)
        stream.print(_grid([[row[place] for place in places] for row in cells], places, are_figures, folds))
        stream.print()


def _grid(
    cells: "Sequence[Sequence[rich.text.Text]]",
    places: Sequence[int],
    are_figures: Sequence[bool],
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
        side = "right" if are_figures[place] else "left"
        grid.add_column(heading, justify=side, overflow="fold", no_wrap=not is_folded)
    for row in rows:
        grid.add_row(*row)
    return grid


def _width(cell: "rich.text.Text") -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cell.plain.split("\n")))


def _is_figure(cell: object) -> bool:
    return bool(_FIGURE.match(str(cell)))


def _print(stream: "rich.console.Console", text: str, style: str | None = None) -> None:
    stream.print(
        printable(text, stream.file), style=style, markup=False, highlight=False, emoji=False, soft_wrap=True
    )


def _message(kind: str, text: str, style: str) -> None:
    from rich.text import Text

    stream = _messages()
    stream.print(Text.assemble((f"{kind}: ", style), printable(text, stream.file)), soft_wrap=True)


@functools.cache
def _results() -> "rich.console.Console":
    return _console(is_errors=False)


@functools.cache
def _messages() -> "rich.console.Console":
    return _console(is_errors=True)


def _console(is_errors: bool) -> "rich.console.Console":
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            _end_quietly()

    stream = sys.stderr if is_errors else sys.stdout
    # In a pipe or a log nothing is cut to the width of a terminal that is not there.
    return _Console(stderr=is_errors, width=None if stream.isatty() else _UNLIMITED_WIDTH)


def _end_quietly() -> NoReturn:
    """Who reads no further, as `head` does, has what was wanted."""
    drop_streams()
    raise SystemExit(1)
