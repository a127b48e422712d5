"""The encoding of a table that a person saved: UTF-8, what its first bytes say, or what the recipe names."""

import codecs
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.examples.table_dialect import OWN
from mbert_cli.shell_words import path_word
from mbert_cli.text.text_files import UndecodableText, marked_encoding, read_lines, read_start, suffix_of

_ARCHIVE, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


def find_encoding(path: Path, named: str | None) -> str:
    """The encoding of a file: the named one, else what its byte order mark says, else UTF-8.

    Raises:
        UserError: The file cannot be read, or is an archive or a spreadsheet instead of text.
    """
    start = read_start(path)
    if start.startswith((_ARCHIVE, _GZIP)):
        what, hint = (
            ("a zip archive or an Excel workbook", "Save the sheet as CSV UTF-8, or unpack the archive.")
            if start.startswith(_ARCHIVE)
            else ("packed by gzip", f"Name the file {path.name}.gz.")
        )
        raise UserError(f"A table must be a text file. Received: {path}, which is {what}", hint)
    return marked_encoding(start) if named is None else codecs.lookup(named).name


def say_encoding(path: Path, encoding: str, named: str | None) -> list[str]:
    """Says which encoding was found, or that the named one is unlikely because the file is valid UTF-8."""
    if encoding == "utf-8":
        return []
    if named is None:
        return [f"{path.name} is read as {encoding}"]
    return (
        [f"{path.name} is valid UTF-8 and read as {encoding}, which is named for it"]
        if _is_utf8(path)
        else []
    )


def _is_utf8(path: Path) -> bool:
    """Whether a file has characters beyond ASCII and all of it is UTF-8."""
    try:
        texts = [text for _, text in read_lines(path)]  # to the end, where something else may stand
    except UndecodableText:
        return False
    return not all(map(str.isascii, texts))


def undecodable(path: Path, error: UndecodableText, has_keys: bool = True) -> UserError:
    """The error for a file that is not UTF-8, with what its encoding may be.

    Args:
        path: The file.
        error: What is wrong with it.
        has_keys: Whether a key of the recipe may name the encoding.
    """
    likely = _likely_encoding(path, error.byte)
    if likely is None:
        return error
    encoding, reason = likely
    converted = f"`iconv -f {encoding} -t UTF-8 {path_word(path)}`"
    form = "CSV " if suffix_of(path) in OWN else ""
    key = f"set task.encoding={encoding} where it is a task's own file, " if has_keys else ""
    return UserError(error.message, f"{reason}: {key}convert it with {converted}, or save it as {form}UTF-8.")


def _likely_encoding(path: Path, byte: int) -> tuple[str, str] | None:
    start = read_start(path)
    halves = {"utf-16-le": start[1::2], "utf-16-be": start[::2]}  # the upper bytes of Latin text are zero
    for encoding, upper in halves.items():
        if upper and upper.count(0) > 0.8 * len(upper):
            return encoding, "Every second byte is zero, as in UTF-16 without a mark"
    try:
        character = bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return None
    return (
        ("cp1252", f"In Western files of Windows and Excel this byte is {character!r}")
        if byte >= 128
        else None
    )
