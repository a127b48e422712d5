"""The terminal: results on standard output; messages, errors and progress on standard error.

Rich is imported when something is printed, so that `mbert --help` need not wait for it.
"""

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mbert_cli.display import STEPS, Display, ProgressUnit
from mbert_cli.printing import open_stream, print_line, print_table
from mbert_cli.standard_streams import drop_streams, json_line, printable

if TYPE_CHECKING:
    import rich.console


@dataclass
class _Settings:
    quiet: bool = False
    heard: list[str] | None = None
    muted: bool = False


_settings = _Settings()


def set_quiet(quiet: bool) -> None:
    """With quiet, `info`, `plan` and `progress` print nothing; results, warnings and errors remain."""
    _settings.quiet = quiet


def mute() -> None:
    """Prints nothing from now on but errors: another process says everything."""
    _settings.quiet = _settings.muted = True


@contextmanager
def silence() -> Iterator[None]:
    """Prints nothing for a while: for a look ahead at what will be printed again in its place."""
    before = _settings.quiet
    _settings.quiet = True
    try:
        yield
    finally:
        _settings.quiet = before


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collects what is warned of, in place of printing it, for the process that a person looks at."""
    before, _settings.heard = _settings.heard, []
    try:
        yield _settings.heard
    finally:
        _settings.heard = before


def result(text: str) -> None:
    """Prints a line of the command's result."""
    results(lambda stream: print_line(stream, text))


def results(show: "Callable[[rich.console.Console], None]") -> None:
    """Prints results that are more than lines and tables.

    Args:
        show: Prints them on the stream that it is given.
    """
    if not _settings.muted:
        show(_results())


def messages(show: "Callable[[rich.console.Console], None]") -> None:
    """Prints messages that are more than lines; with quiet nothing.

    Args:
        show: Prints them on the stream that it is given.
    """
    if not _settings.quiet:
        show(_messages())


def record(values: Mapping[str, object]) -> None:
    """Prints a record of the command's result as one line of JSON; not through rich, for there may be many."""
    document(json_line(values, sys.stdout) + "\n")


def document(text: str) -> None:
    """Prints the command's result as it is, for another program to read."""
    try:
        if not _settings.muted:
            sys.stdout.write(text)
    except BrokenPipeError:
        _end_quietly()


def info(text: str) -> None:
    """Says what happens and why: a choice that was made, a value that was derived."""
    if not _settings.quiet:
        print_line(_messages(), text)


def warning(text: str) -> None:
    """Says what the person should know although the work continues."""
    if _settings.heard is not None:
        _settings.heard.append(text)
    elif not _settings.muted:
        _message("Warning", text, "yellow")


def error(message: str, hint: str = "") -> None:
    """Says why the command ends and what fixes it."""
    _message("Error", message, "bold red")
    if hint:
        _message("Hint", hint, "cyan")


def stopped(message: str, hint: str = "") -> None:
    """Says where the command was interrupted, which is no error, and how to continue."""
    if _settings.muted:
        return
    print_line(_messages(), message)
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
    results(lambda stream: print_table(stream, title, columns, rows))


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
        columns: Headings, as in `table`.
        rows: The stages.
        facts: Further lines, by name: parameters, steps, directories.
        is_result: For `--dry-run`, where the plan is all that is printed.
    """
    if _settings.quiet and not is_result:
        return
    stream = _results() if is_result else _messages()
    print_table(stream, title, columns, rows)
    for name, value in (facts or {}).items():
        print_line(stream, f"{name}: {value}")


@contextmanager
def progress(
    total: int | None, description: str, start: int = 0, unit: ProgressUnit = STEPS, sparse: bool = False
) -> Iterator[Display]:
    """Shows how far a long work is: a bar on a terminal, elsewhere one line per update, with `-q` nothing.

    Args:
        total: All that there is to do, in steps or bytes; None when that is not known.
        description: What is being done.
        start: What was done before, by a run that is continued.
        unit: What is counted.
        sparse: Whether updates are frequent: then a log gets a line only twice a minute.
    """
    from mbert_cli.progress import Bar, Lines, Silent

    stream = _messages()
    shown: Bar | Lines | Silent = Silent()
    if not _settings.quiet and stream.is_terminal and not stream.is_dumb_terminal:
        shown = Bar(stream, total, description, start, unit)
    elif not _settings.quiet:
        shown = Lines(stream, total, description, start, unit, sparse)
    with shown:
        yield shown


def _message(kind: str, text: str, style: str) -> None:
    from rich.text import Text

    stream = _messages()
    stream.print(Text.assemble((f"{kind}: ", style), printable(text, stream.file)), soft_wrap=True)


@functools.cache
def _results() -> "rich.console.Console":
    return open_stream(False, sys.stdout.isatty(), _end_quietly)


@functools.cache
def _messages() -> "rich.console.Console":
    return open_stream(True, sys.stderr.isatty(), _end_quietly)


def _end_quietly() -> NoReturn:
    """Who reads no further, as `head` does, has what was wanted."""
    drop_streams()
    raise SystemExit(1)
