"""MediaPipe's way of cutting texts, on phones and in browsers: that of its `BertTokenizer` (mediapipe 1.2.3).

What differs from BERT's own tokenizer, and from what a model was trained with unless `task.client` says otherwise:

- Only A to Z are lower-cased, always; accents stay, and so do upper-case letters of other scripts.
- Words end at blanks of ASCII alone: a no-break space or an ideographic one is part of a word.
- Nothing is taken out of a text, such as zero-width and control characters; at U+0000 it ends.
- More characters stand alone: all of Unicode's punctuation, and some more Chinese ideographs.
- A word of more than 100 bytes, rather than characters, is `[UNK]`.

It has been compared with the client for every character of Unicode; the way of the TFLite Task Library is the same.
"""

import re
import unicodedata
from functools import cache, lru_cache

import numpy as np

from mbert_cli.text.vocabulary import CONTINUATION, Vocabulary

MAX_WORD_BYTES = 100
"""Longest word that is cut into pieces."""

WORDS_REMEMBERED = 100_000
"""Words whose pieces are kept, since most words of texts occur again and again."""

_BLANKS = "\t\n\f\r "
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
_NEWER_PUNCTUATION = (
    (0x1B4E, 0x1B4F), (0x1B7F, 0x1B7F), (0x10D6E, 0x10D6E), (0x10ED0, 0x10ED0), (0x113D4, 0x113D5), (0x113D7, 0x113D8),
    (0x11B00, 0x11B09), (0x11BE1, 0x11BE1), (0x11F43, 0x11F4F), (0x16D6D, 0x16D6F), (0x1E5FF, 0x1E5FF),
)  # fmt: skip
"""Punctuation of Unicode 15 to 17, which the client knows and Python 3.11 does not."""
_SCRIPTS = range(0x20000)
"""Planes 0 and 1 of Unicode, which have all of its punctuation; behind them come ideographs and private characters."""
_SYMBOLS = "$+<=>^`|~"
"""ASCII that is no punctuation to Unicode and stands alone all the same."""

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class ClientWordPiece:
    """Cuts texts as a phone will.

    Args:
        vocabulary: Its tokens; that it lower-cases or matches some before words are cut is nothing to the client.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._ids = vocabulary.ids
        self._unknown_id = vocabulary.unknown_id
        self._pieces = lru_cache(WORDS_REMEMBERED)(self._cut_word)

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """What `mbert_cli.text.wordpiece.Tokenizer.encode` gives."""
        words = _word_pattern().findall
        ids: list[int] = []
        ends = [0]
        for text in texts:
            for word in words(_as_read(text)):
                ids += self._pieces(word)[0]
            ends.append(len(ids))
        return np.array(ids, np.int32), np.array(ends, np.int64)

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `mbert_cli.text.wordpiece.Tokenizer.encode_with_offsets` gives."""
        ids: list[int] = []
        firsts: list[int] = []
        ends: list[int] = []
        text_ends = [0]
        for text in texts:
            for match in _word_pattern().finditer(_as_read(text)):
                pieces, lengths = self._pieces(match.group())
                stops = match.start() + np.cumsum(lengths)
                ids += pieces
                firsts += [match.start(), *stops[:-1].tolist()]
                ends += stops.tolist()
            text_ends.append(len(ids))
        return (
            np.array(ids, np.int32),
            np.array(text_ends, np.int64),
            np.array(firsts, np.int32),
            np.array(ends, np.int32),
        )

    def _cut_word(self, word: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids of the longest pieces from the left, and how many characters each has; [UNK] where one is missing."""
        pieces: list[int] = []
        lengths: list[int] = []
        start, mark = 0, ""
        is_short = len(word.encode()) <= MAX_WORD_BYTES
        while is_short and start < len(word):
            end = next((end for end in range(len(word), start, -1) if mark + word[start:end] in self._ids), 0)
            if not end:
                break
            pieces.append(self._ids[mark + word[start:end]])
            lengths.append(end - start)
            start, mark = end, CONTINUATION
        if start < len(word):
            return (self._unknown_id,), (len(word),)
        return tuple(pieces), tuple(lengths)


def _as_read(text: str) -> str:
    """The text as far as the client reads it, a character for each."""
    return text.partition("\0")[0].translate(_LOWER)


@cache
def _word_pattern() -> re.Pattern[str]:
    """Matches a character that stands alone, or a word."""
    alone = {ord(char) for char in _SYMBOLS}
    alone |= {code for code in _SCRIPTS if unicodedata.category(chr(code)).startswith("P")}
    alone |= {code for first, last in _NEWER_PUNCTUATION for code in range(first, last + 1)}
    ranges = "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in _IDEOGRAPHS)
    apart = "".join(map(re.escape, map(chr, sorted(alone)))) + ranges
    return re.compile(f"[{apart}]|[^{apart}{_BLANKS}]+")
