"""Which words of a text may be replaced, and what a word in their place looks like."""

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from mbert_cli.errors import UserError
from mbert_cli.home import hint_of_home
from mbert_cli.text.text_files import read_lines

_LETTERS = re.compile(
    r"(?<![\w])(?<!\w['’])"  # neither the end of a longer word nor what follows an apostrophe within one
    r"[^\W\d_]{2,}"
    r"(?![\w])(?!['’]t\b)"  # nor "don" of "don't"
)
_FRAGMENTS = frozenset({"ll", "nt", "re", "ve"})
"""What is left of contractions where a data set has cut them: `they 're`."""


class Word(NamedTuple):
    """Where a word stands.

    Attributes:
        first: Its first character in the text, counted from 0.
        end: The one after its last.
    """

    first: int
    end: int


def content_words(text: str, stop_words: frozenset[str]) -> list[Word]:
    """The words of a text that may be replaced: of two letters or more and nothing but letters, no stop words.

    Args:
        text: The text.
        stop_words: In lower case.
    """
    found = [Word(*match.span()) for match in _LETTERS.finditer(text)]
    return [
        word
        for word in found
        if text[word.first : word.end].lower() not in stop_words and not _has_marks_around(text, word)
    ]


def is_candidate(word: str) -> bool:
    """Whether a word may stand in place of another: two letters or more and nothing else."""
    return len(word) > 1 and word.isalpha()


def as_written(candidate: str, original: str) -> str:
    """A candidate in capitals where the original is, and with a capital where the original begins with one."""
    if original.islower():
        return candidate
    if original.isupper():
        return candidate.upper()
    return candidate[:1].upper() + candidate[1:] if original[0].isupper() else candidate


def read_stop_words(path: str | None) -> frozenset[str]:
    """The words that are never replaced, in lower case.

    Args:
        path: A file with one per line; None for scikit-learn's list of English ones.

    Raises:
        UserError: The file cannot be read, or holds no word.
    """
    if path is None:
        # Imported here, for it takes a second.
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return _FRAGMENTS.union(ENGLISH_STOP_WORDS)
    if not Path(path).is_file():
        raise UserError(
            f"augment.stop_words must be a file. Received: {path}",
            hint_of_home(path) or "Name a file with one word per line.",
        )
    words = frozenset(line.strip().lower() for _, line in read_lines(Path(path)) if line.strip())
    if not words:
        raise UserError(
            f"A file of stop words must hold a word. Received: {path}, which holds none",
            "Set augment.stop_words=null for scikit-learn's list.",
        )
    return words


def _has_marks_around(text: str, word: Word) -> bool:
    """Whether a word goes on with an accent or a vowel sign that is a character of its own."""
    around = text[max(word.first - 1, 0) : word.first] + text[word.end : word.end + 1]
    return any(unicodedata.category(character).startswith("M") for character in around)
