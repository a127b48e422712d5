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
from pathlib import Path
from typing import BinaryIO

from mbert_cli.errors import UserError

PART_BYTES = 16 * 2**20
"""A longer file is read in parts of at most this size, cut at blank lines where there are any."""

STANDARD_INPUT = Path("-")
"""Stands for it where a path is asked for."""

_BLOCK_BYTES = 2**20

PACKED = (".gz", ".zst")
"""Ends of the names of packed files."""

_BinaryFile = BinaryIO | gzip.GzipFile

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UndecodableText(UserError):
    """A text file is not UTF-8, or has NUL bytes.

    Args:
        path: The file.
        byte: What stands there.
        offset: Where, in bytes of the file as it is unpacked.
    """

    def __init__(self, path: Path, byte: int, offset: int) -> None:
        super().__init__(
            "A text file must be UTF-8 without NUL bytes. "
            f"Received: {name_of(path)} with byte 0x{byte:02x} at offset {offset}",
            "leave binary files out, or convert the file: iconv -f ENCODING -t UTF-8",
        )
        self.byte = byte


def suffix_of(path: Path) -> str:
    """The suffix that tells the format: `.jsonl` for `a.jsonl`, `a.jsonl.gz` and `a.jsonl.zst`."""
    return (path.with_suffix("") if path.suffix in PACKED else path).suffix.lower()


def name_of(path: Path) -> str:
    """What a file is called in messages."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def read_parts(path: Path, part_bytes: int = PART_BYTES) -> Iterator[str]:
    """The text of a file in parts; an empty file is one empty part.

    Raises:
        UserError: The file cannot be read, is not UTF-8, or has NUL bytes.
    """
    offset, rest, ended = 0, b"", False
    with open_binary(path) as file:
        while not ended:
            block = file.read(part_bytes)
            ended = len(block) < part_bytes
            data = rest + block
            cut = len(data) if ended else _part_end(data)
            if cut or not offset:
                yield _decode(data[:cut], path, offset)
            rest = data[cut:]
            offset += cut


def read_start(path: Path, num_bytes: int = 4096) -> bytes:
    """The first bytes of a file, as it is unpacked, which tell what it is.

    Raises:
        UserError: The file cannot be read.
    """
    with open_binary(path) as file:
        return file.read(num_bytes)


def read_lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """The lines of a file or of `STANDARD_INPUT` with their numbers, counted from 1, without line ends.

    Args:
        path: The file.
        encoding: As Python names it. A file in another one than UTF-8 is read as a whole.

    Raises:
        UserError: The file cannot be read, is not in its encoding, or has NUL bytes.
    """
    offset = 0
    with open_binary(path) as file:
        recoded = file if encoding == "utf-8" else _as_utf8(file, path, encoding)
        for number, line in enumerate(_cut_lines(recoded, path), start=1):
            yield number, _decode(line, path, offset).rstrip("\r\n")
            offset += len(line)


def _as_utf8(file: _BinaryFile, path: Path, encoding: str) -> _BinaryFile:
    data = file.read(-1)
    try:
        return io.BytesIO(data.decode(encoding).encode("utf-8"))
    except UnicodeDecodeError as error:
        raise UserError(
            f"A file must be in the encoding that is named for it, {encoding}. "
            f"Received: {name_of(path)} with byte 0x{data[error.start]:02x} at offset {error.start}",
            "Name another encoding, or convert the file: iconv -f ENCODING -t UTF-8",
        ) from error


def _cut_lines(file: _BinaryFile, path: Path) -> Iterator[bytes]:
    """The lines with their ends. What is read grows with a long line, so that no line is cut many times."""
    rest = b""
    while block := file.read(max(_BLOCK_BYTES, len(rest))):
        lines = (rest + block).splitlines(keepends=True)  # of bytes: at LF, CR LF and CR alone
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()  # an LF may follow a CR
        yield from lines
    yield from rest.splitlines(keepends=True)


@contextmanager
def open_binary(path: Path) -> Iterator[_BinaryFile]:
    """Opens a file, as it is unpacked, or `STANDARD_INPUT`.

    Raises:
        UserError: It cannot be opened, or what is packed in it is damaged.
    """
    with _open(path) as packed, _unpack(packed, path) as file:
        try:
            yield file
        except (OSError, EOFError, zlib.error) as error:
            # Unpacking reads ahead, so that the damage lies before the place that was reached.
            reached = f" before offset {packed.tell()}" if path.suffix in PACKED else ""
            raise _unreadable(path, error, reached) from error


def _open(path: Path) -> AbstractContextManager[BinaryIO]:
    if path == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unpack(file: BinaryIO, path: Path) -> AbstractContextManager[_BinaryFile]:
    """What a file holds."""
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=file)
    if path.suffix != ".zst":
        return nullcontext(file)
    import pyarrow  # a third of a second, for these files alone

    # Arrow's reader goes across frames, and notices where a file was cut off.
    return io.BufferedReader(pyarrow.CompressedInputStream(file, "zstd"))


def _unreadable(path: Path, error: Exception, place: str = "") -> UserError:
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(
        f"A text file must be readable. Received: {name_of(path)}{place} ({reason})",
        "check the path, the permissions, and a packed file with `gzip -t` or `zstd -t`",
    )


def _part_end(data: bytes) -> int:
    """Where to cut: after the last blank line, else line, else word, else character."""
    for mark in (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n", b"\r", b" "):
        end = len(data) - (mark == b"\r")  # an LF may follow the last byte
        found = data.rfind(mark, 0, end)
        if found > 0:
            return found + len(mark)
    end = len(data)
    while end > 1 and data[end - 1] & 0xC0 == 0x80:  # a byte that continues a character
        end -= 1
    return end - 1 or len(data)


def _decode(data: bytes, path: Path, offset: int) -> str:
    if not offset and data.startswith(_BYTE_ORDER_MARK):
        data, offset = data[len(_BYTE_ORDER_MARK) :], len(_BYTE_ORDER_MARK)
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
