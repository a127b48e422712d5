"""Word vectors in the text format of GloVe and word2vec."""

import reprlib
import warnings
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np

from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.errors import UserError
from mbert_cli.home import hint_of_home
from mbert_cli.text.text_files import read_lines

_BLOCK_LINES = 1000
_Row = tuple[int, str, str]
"""Line, word, and its numbers as they are written."""
_HINT = "Name a text file of GloVe or word2vec, plain or as .gz, with a word and its numbers on each line."


def read_vectors(path: Path, max_rows: int) -> WordVectors:
    """Reads the first rows of a file.

    A first line of two whole numbers, as word2vec writes it, is none of the rows. A row whose word has spaces, as a few
    of GloVe's largest file have, counts and is passed over.

    Args:
        path: The file, plain or as .gz.
        max_rows: Rows to read.

    Raises:
        UserError: The file is missing or no text, rows differ in their width, a number is none, or no row is of use.
    """
    if not path.is_file():
        raise UserError(f"vectors.path must be a file. Received: {path}", hint_of_home(path) or _HINT)
    rows = _rows(path, max_rows)
    words: list[str] = []
    blocks = []
    while block := list(islice(rows, _BLOCK_LINES)):
        words += [word for _, word, _ in block]
        blocks.append(_numbers(block, path))
    vectors = np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)
    blocks.clear()  # as large as the table
    found = WordVectors(words, vectors)
    if not len(found):
        raise UserError(
            f"A file of word vectors must have rows of words. Received: {path}, where none of {len(words):,} is of use",
            _HINT,
        )
    return found


def _rows(path: Path, max_rows: int) -> Iterator[_Row]:
    """The rows of single words; a first line of counts says how many numbers each has, else the first row does."""
    width = num_rows = 0
    for line, text in ((line, text.rstrip()) for line, text in read_lines(path) if text.strip()):
        word, _, numbers = text.partition(" ")
        found = numbers.count(" ") + 1 if numbers else 0
        if not width and found == 1 and word.isdecimal() and numbers.isdecimal():
            width = max(1, int(numbers))
            continue
        if not width and not found:
            raise UserError(
                "A row of a file of word vectors is a word and its numbers, with spaces between. "
                f"Received: {reprlib.repr(text)} in {path}:{line}",
                _HINT,
            )
        width = width or found
        if found == width:
            yield line, word, numbers
        elif found < width or not _has_spaces(text, width):
            raise _wrong_width(path, line, found, width)
        num_rows += 1
        if num_rows == max_rows:
            return


def _has_spaces(text: str, width: int) -> bool:
    """Whether what stands before the last `width` numbers is a word with spaces, and no number too many."""
    return not all(map(_is_number, text.split(" ")[1:-width]))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(block: list[_Row], path: Path) -> np.ndarray:
    """(rows, width) float32."""
    found = _parse([numbers for _, _, numbers in block])
    if found is not None:
        return found
    line, numbers = next((line, numbers) for line, _, numbers in block if _parse([numbers]) is None)
    cell = next((cell for cell in numbers.split(" ") if _parse([cell]) is None), numbers)
    raise UserError(
        f"The cells behind a word must be finite numbers. Received: {cell!r} in {path}:{line}", _HINT
    )


def _parse(rows: list[str]) -> np.ndarray | None:
    """(rows, width) float32; None where a cell is no number that float32 can hold."""
    with suppress(ValueError), warnings.catch_warnings(action="ignore"):  # an empty cell is no number
        found = np.loadtxt(rows, np.float32, comments=None, delimiter=" ", ndmin=2)
        if found.size and np.isfinite(found).all():
            return found
    return None


def _wrong_width(path: Path, line: int, found: int, width: int) -> UserError:
    return UserError(
        f"Each row of a file of word vectors must have as many numbers as the first, {width:,}. "
        f"Received: {found:,} in {path}:{line}",
        "Correct the line, or read only the rows before it with vectors.max_rows.",
    )
