"""A JSON array that fills a file, read item by item: a corpus may be larger than memory."""

import json
import re
from collections.abc import Iterator
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.text.json_items import DECODER, not_json
from mbert_cli.text.remote_files import InputFile
from mbert_cli.text.text_files import read_lines

WINDOW_CHARACTERS = 2**20
"""Characters of a file that are in memory at once, or those of one item."""

_BLANKS = re.compile(r"[ \t\r\n]*")


def read_array(path: InputFile) -> Iterator[tuple[str, Any]]:
    """The items of an array that fills a file, each with its line and number: `3, item 2`.

    Raises:
        UserError: The file cannot be read, or is no such array.
    """
    window = _Window(path)
    window.take("[")
    number, mark = 0, window.peek()
    while mark != "]":
        number += 1
        value = window.value()
        yield f"{window.line}, item {number}", value
        mark = window.peek()
        if mark != "]":
            window.take(",")
            if window.peek() == "]":
                raise window.refused("Illegal trailing comma before end")
    window.take("]")
    if window.peek():
        raise window.refused("Extra data")


class _Window:
    """The stretch of a file that is being read.

    Args:
        path: The file.

    Attributes:
        line: Where the last value began, counted from 1.
    """

    def __init__(self, path: InputFile) -> None:
        self._path = path
        self._lines = read_lines(path)
        self._text = ""
        self._place = self._counted = 0
        self._lines_before = 1
        self.line = 1

    def peek(self) -> str:
        """The next character that is not blank; none at the end of the file."""
        while True:
            blanks = _BLANKS.match(self._text, self._place)
            self._place = blanks.end() if blanks else self._place
            if self._place < len(self._text) or not self._grow():
                return self._text[self._place : self._place + 1]

    def take(self, mark: str) -> None:
        """Goes past a character that must come next."""
        if self.peek() != mark:
            raise self.refused(f"Expecting '{mark}' delimiter")
        self._place += 1

    def value(self) -> Any:
        """The value that comes next."""
        self.peek()
        self.line = self._line_of(self._place)
        while True:
            try:
                value, self._place = DECODER.raw_decode(self._text, self._place)
                return value
            except json.JSONDecodeError as error:
                # Windows end with lines, within which all strings and numbers end: what is cut off is wrong at its end.
                if error.pos < len(self._text.rstrip()) or not self._grow():
                    raise self.refused(error.msg, error.pos) from error
            except RecursionError as error:
                raise self.refused("nested too deep") from error

    def refused(self, reason: str, place: int | None = None) -> UserError:
        """The error for what stands at a place, or where reading is."""
        line = self._line_of(self._place if place is None else place)
        return not_json(f"{self._path}:{line}", reason)

    def _line_of(self, place: int) -> int:
        self._lines_before += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._lines_before + self._text.count("\n", self._place, place)

    def _grow(self) -> bool:
        """Reads further lines, twice as many where one value is long; whether there were any."""
        added, size = [self._text[self._place :]], 0
        wanted = max(WINDOW_CHARACTERS, len(added[0]))
        for _, line in self._lines:
            added.append(f"{line}\n")
            size += len(line) + 1
            if size >= wanted:
                break
        if size:
            self._line_of(self._place)
            self._text, self._place, self._counted = "".join(added), 0, 0
        return bool(size)
