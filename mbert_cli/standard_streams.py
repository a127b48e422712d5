r"""Standard output and standard error as they are found: in any encoding, closed, or a pipe that nobody reads.

What a stream cannot hold is escaped, so that no text of a person's, no label and no name of a file ends a
command. JSON lines escape it as JSON does, all other text as Python does: `caf\xe9`.
"""

import codecs
import json
import os
import re
import sys
from collections.abc import Mapping
from typing import IO, Literal, TextIO

_NOT_SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, which a terminal obeys or swallows, and halves of characters, which no file can hold."""
_LEFT_BY_JSON = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Those of them that `json.dumps` leaves as they are; some readers end a line at them."""
_STANDARD = (0, 1, 2)


def prepare_streams() -> None:
    """Lets standard output and error escape what they cannot hold, and opens those that are closed.

    A process may be started with closed descriptors, by a daemon or by `>&-`. The next file that is opened
    would then stand in the place of one and receive what is printed.
    """
    for descriptor in _STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str, stream: IO[str] | None = None) -> str:
    """The text as a stream can hold it, everything else escaped; line breaks and tabs stay.

    Args:
        text: Any text.
        stream: Where it will be printed; None is a file of UTF-8.
    """
    shown = _NOT_SHOWN.sub(_escaped, text)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def json_line(record: Mapping[str, object], stream: TextIO) -> str:
    """A record as one line of JSON: readable in a stream of UTF-8, in any other in ASCII.

    Args:
        record: What JSON can hold.
        stream: Where it will be printed.
    """
    return json_text(record, holds_all=holds_all_characters(stream))


def holds_all_characters(stream: TextIO) -> bool:
    """Whether a stream is one of UTF-8."""
    return codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name == "utf-8"


def json_text(record: Mapping[str, object], *, holds_all: bool, indent: int | None = None) -> str:
    """A record as JSON.

    Args:
        record: What JSON can hold.
        holds_all: Whether it may have characters beyond ASCII.
        indent: Blanks before each level; None for one line.
    """
    text = json.dumps(record, ensure_ascii=not holds_all, indent=indent)
    return _LEFT_BY_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def end_streams() -> None:
    """Writes what is still held back; a pipe that nobody reads any more is no error.

    Raises:
        OSError: Standard output could not be written, as on a full disk.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            drop_streams()
        except OSError:
            drop_streams()
            raise


def drop_streams() -> None:
    """Lets everything that is still printed go nowhere, so that Python has nothing to complain of at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _nowhere(mode: Literal["r", "w"] = "w") -> TextIO:
    return open(os.devnull, mode, encoding="utf-8")
