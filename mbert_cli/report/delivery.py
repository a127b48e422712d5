"""`--format` and `--out`: what was asked for, checked before any work, and the file that is written after it."""

import os
from pathlib import Path
from shlex import quote

from mbert_cli.errors import UserError
from mbert_cli.page import PAGE_FORMATS, Delivery, PageFormat
from mbert_cli.runs.listing import is_run
from mbert_cli.runs.manifest import replace_file
from mbert_cli.shell_words import path_word
from mbert_cli.word_lists import joined

BY_ENDING: dict[str, PageFormat] = {
    ".md": "markdown", ".json": "json", ".html": "html", ".txt": "table", "": "table",
}  # fmt: skip
"""Formats that the name of a file says; one without an ending has a table, as a terminal."""


def read_delivery(format_name: str | None, file: Path | None) -> Delivery:
    """What `--format` and `--out` ask for.

    Args:
        format_name: The value of `--format`; None where it was not given: then the ending of the file says it, or
            it is a table.
        file: The value of `--out`; None is standard output.

    Raises:
        UserError: There is no such format, or the file has an ending that says none, or cannot be written.
    """
    if file is not None:
        _require_place(file)
    if format_name is None:
        chosen = _format_of(file) if file else "table"
    else:
        known = {name: name for name in PAGE_FORMATS}
        if format_name not in known:
            raise UserError(
                f"--format must be {joined(PAGE_FORMATS)}. Received: {format_name}",
                "Leave it out for a table.",
            )
        chosen = known[format_name]
    return Delivery(chosen, file)


def _format_of(file: Path) -> PageFormat:
    """The format that the ending of a file says.

    Raises:
        UserError: It says none.
    """
    ending = file.suffix.lower()
    if ending not in BY_ENDING:
        raise UserError(
            f"The ending of --out must be {joined(filter(None, BY_ENDING))}. Received: {file}",
            f"Name {path_word(file.with_suffix('.html'))}, or say what is written with --format "
            f"{joined(PAGE_FORMATS)}.",
        )
    return BY_ENDING[ending]


def write_file(file: Path, text: str) -> None:
    """Writes a file whole or not at all; replaces an existing file.

    Raises:
        OSError: It cannot be written.
    """
    replace_file(_place(file), text.encode("utf-8", "backslashreplace"))


def _place(file: Path) -> Path:
    """Where a file lies, so that what a link stands for is replaced and not the link."""
    return Path(os.path.realpath(file))


def _require_place(file: Path) -> None:
    """Checks that a file can be written; leaves nothing behind.

    Raises:
        UserError: It cannot, or it is one that must not be replaced, or lies in a run.
    """
    place = _place(file)
    try:
        _require_folder(file, place)
        _require_replaceable(file, place)
        trial = place.parent / f"{place.name}.partial-{os.getpid()}"
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise UserError(
            f"--out must be a file that can be written. Received: {file} ({error.strerror})",
            "Name one in a folder of yours.",
        ) from None


def _require_folder(file: Path, place: Path) -> None:
    """Checks that the folder is there, and that it is not a run's: what lies in one is written by its own verbs."""
    if not place.parent.exists():
        raise UserError(
            f"The folder of --out must exist. Received: {file}", f"mkdir -p {quote(str(place.parent))}"
        )
    if any(is_run(folder) for folder in place.parents):
        raise UserError(
            f"--out must lie outside of the directories of runs. Received: {file}", "Name a file elsewhere."
        )


def _require_replaceable(file: Path, place: Path) -> None:
    """Checks that nothing is there, or a file that may be replaced."""
    if place.is_dir():
        raise UserError(
            f"--out must be a file. Received: {file}, which is a folder",
            f"Name a file in it: {file / 'page.md'}",
        )
    if not place.exists():
        return
    if not place.is_file():
        raise UserError(
            f"--out must be a file. Received: {file}, which is a device or a pipe",
            "Leave it out: then all goes to standard output.",
        )
    if not os.access(place, os.W_OK):
        raise UserError(f"--out must not be read-only. Received: {file}", "Name another file.")
