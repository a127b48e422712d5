"""Text files and standard input, strictly UTF-8 and in bounded memory; files may be packed by gzip or Zstandard.

Everything that reads lines of text reads them here, so that a line is the same everywhere: LF, CR LF or CR ends it
and nothing else does. U+2028, U+0085 or a form feed is white space within a text, as it is to BERT.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from mbert_cli.errors import UserError
from mbert_cli.text.file_ranges import BYTE_ORDER_MARK, WHOLE, FileRange, part_end
from mbert_cli.text.remote_files import InputFile

JSON_ROWS = (".jsonl", ".json", ".ndjson")
"""Ends of the names of files with rows of JSON."""
PROSE = (".txt", ".md")
"""Ends of the names of files that are one text."""
PART_BYTES = 16 * 2**20
"""A longer file is read in parts of at most this size, cut at blank lines where there are any."""

STANDARD_INPUT = Path("-")
"""Stands for it where a path is asked for."""

_BLOCK_BYTES = 2**20

_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte order marks, the longer ones first."""

PACKED = (".gz", ".zst")
"""Ends of the names of packed files."""

_BinaryFile = BinaryIO | gzip.GzipFile


class UndecodableText(UserError):
    """A text file is not UTF-8, or has NUL bytes.

    Args:
        path: The file.
        byte: What stands there.
        offset: Where, in bytes of the file as it is unpacked.
    """

    def __init__(self, path: InputFile, byte: int, offset: int) -> None:
        super().__init__(
            "A text file must be UTF-8 without NUL bytes. "
            f"Received: {name_of(path)} with byte 0x{byte:02x} at offset {offset}",
            "Leave binary files out, or convert the file with `iconv -f ENCODING -t UTF-8`.",
        )
        self.byte = byte


def suffix_of(path: InputFile) -> str:
    """The suffix that tells the format: `.jsonl` for `a.jsonl`, `a.jsonl.gz` and `a.jsonl.zst`."""
    name = PurePosixPath(path.name)
    return (name.with_suffix("") if is_packed(path) else name).suffix.lower()


def is_packed(path: InputFile) -> bool:
    """Whether a file is packed, by its name."""
    return path.suffix.lower() in PACKED


def name_of(path: InputFile) -> str:
    """What a file is called in messages."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def read_parts(path: InputFile, part_bytes: int = PART_BYTES, within: FileRange = WHOLE) -> Iterator[str]:
    """The text of a file in parts; an empty file is one empty part.

    Args:
        path: The file.
        part_bytes: Length of a part; whatever the range, blocks end at multiples of it.
        within: One of `file_ranges.part_ranges`.

    Raises:
        UserError: The file cannot be read, is not UTF-8, or has NUL bytes.
    """
    offset, boundary = within.start, part_bytes * within.before
    rest, ended = b"", False
    with open_binary(path, offset) as file:
        while not ended and (within.stop is None or offset < within.stop):
            wanted = boundary + part_bytes - offset - len(rest)
            block = file.read(wanted)
            boundary += part_bytes
            ended = len(block) < wanted
            data = rest + block
            cut = len(data) if ended else part_end(data)
            if cut or not offset:
                yield _decode(data[:cut], path, offset)
            rest = data[cut:]
            offset += cut


def read_start(path: InputFile, num_bytes: int = 4096) -> bytes:
    """The first bytes of a file, as it is unpacked, which tell what it is.

    Raises:
        UserError: The file cannot be read.
    """
    with open_binary(path) as file:
        return file.read(num_bytes)


def marked_encoding(start: bytes) -> str:
    """The encoding that a byte order mark says, as Python names it; UTF-8 without one.

    Args:
        start: The first bytes of a file, four or more where it has them.
    """
    return next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), "utf-8")


def read_lines(
    path: InputFile, encoding: str = "utf-8", within: FileRange = WHOLE
) -> Iterator[tuple[int, str]]:
    """The lines of a file or of `STANDARD_INPUT` with their numbers, counted from 1, without line ends.

    Args:
        path: The file.
        encoding: As Python names it. A file in another one than UTF-8 is read as a whole.
        within: One of `file_ranges.line_ranges`, of a file in UTF-8.

    Raises:
        UserError: The file cannot be read, is not in its encoding, or has NUL bytes.
    """
    offset = within.start
    with open_binary(path, offset) as file:
        recoded = file if encoding == "utf-8" else _as_utf8(file, path, encoding)
        for number, line in enumerate(_cut_lines(recoded), start=within.before + 1):
            if offset == within.stop:
                return
            yield number, _decode(line, path, offset).rstrip("\r\n")
            offset += len(line)


def _as_utf8(file: _BinaryFile, path: InputFile, encoding: str) -> _BinaryFile:
    data = file.read(-1)
    try:
        return io.BytesIO(data.decode(encoding).encode("utf-8"))
    except UnicodeError as error:
        raise UserError(
            f"A file must be in the encoding that is named for it, {encoding}. "
            f"Received: {name_of(path)} {_what_is_wrong(error)}",
            "Name another encoding, or convert the file with `iconv -f ENCODING -t UTF-8`.",
        ) from error


def _what_is_wrong(error: UnicodeError) -> str:
    """What of a file cannot be text, in words."""
    if isinstance(error, UnicodeDecodeError):
        return f"with byte 0x{error.object[error.start]:02x} at offset {error.start}"
    if isinstance(error, UnicodeEncodeError):  # some encodings can write what is no character
        return f"with half of a surrogate pair in line {error.object.count(chr(10), 0, error.start) + 1}"
    return f"({error})"


def _cut_lines(file: _BinaryFile) -> Iterator[bytes]:
    """The lines with their ends. What is read grows with a long line, so that no line is cut many times."""
    rest = b""
    while block := file.read(max(_BLOCK_BYTES, len(rest))):
        lines = (rest + block).splitlines(keepends=True)  # of bytes: at LF, CR LF and CR alone
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()  # an LF may follow a CR
        yield from lines
    yield from rest.splitlines(keepends=True)


@contextmanager
def open_binary(path: InputFile, start: int = 0) -> Iterator[_BinaryFile]:
    """Opens a file, as it is unpacked, or `STANDARD_INPUT`.

    Args:
        path: The file.
        start: Where reading begins; of a packed file, what is before is unpacked all the same.

    Raises:
        UserError: It cannot be opened, or what is packed in it is damaged.
    """
    with _open(path) as packed, _unpack(packed, path) as file:
        try:
            if start:
                file.seek(start)
            yield file
        except (OSError, EOFError, zlib.error) as error:
            # Unpacking reads ahead, so that the damage lies before the place that was reached.
            reached = f" before offset {packed.tell()}" if is_packed(path) else ""
            raise _unreadable(path, error, reached) from error


def _open(path: InputFile) -> AbstractContextManager[BinaryIO]:
    if path == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unpack(file: BinaryIO, path: InputFile) -> AbstractContextManager[_BinaryFile]:
    """What a file holds."""
    if not is_packed(path):
        return nullcontext(file)
    if not file.peek(1):  # type: ignore[attr-defined] # whatever opens a file buffers it
        raise _unreadable(path, EOFError("the file is empty"), " before offset 0")
    if path.suffix.lower() == ".gz":
        return gzip.GzipFile(fileobj=file)
    import pyarrow  # a third of a second, for these files alone

    # Arrow's reader goes across frames, and notices where a file was cut off.
    return io.BufferedReader(pyarrow.CompressedInputStream(file, "zstd"))


def _unreadable(path: InputFile, error: Exception, place: str = "") -> UserError:
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(
        f"A text file must be readable. Received: {name_of(path)}{place} ({reason})",
        "Check the path, the permissions, and a packed file with `gzip -t` or `zstd -t`.",
    )


def _decode(data: bytes, path: InputFile, offset: int) -> str:
    if not offset and data.startswith(BYTE_ORDER_MARK):
        data, offset = data[len(BYTE_ORDER_MARK) :], len(BYTE_ORDER_MARK)
    text = ""
    try:
        text = data.decode("utf-8")
        wrong = data.find(b"\0")
    except UnicodeDecodeError as error:
        nul = data.find(b"\0", 0, error.start)
        wrong = error.start if nul < 0 else nul
    if wrong >= 0:
        raise UndecodableText(path, data[wrong], offset + wrong)
    return text
