"""Ranges of plain files, which are read one by one and together give what the whole file gives."""

from dataclasses import dataclass

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class FileRange:
    """A stretch of a file.

    Attributes:
        start: Where it begins: a byte of a plain file, or a row group of a Parquet file.
        stop: Where it ends, in the same unit; None stands for the end of the file.
        before: How many parts, lines or rows of the file come before it.
    """

    start: int = 0
    stop: int | None = None
    before: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file."""
        return not self.start and self.stop is None


WHOLE = FileRange()


def part_end(data: bytes) -> int:
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
