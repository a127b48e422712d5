"""Long texts with labelled words -> windows that overlap, and the window that speaks for each word.

A word is read in the window where it has the most context: where the smaller of the tokens before and after it is
largest; among equal windows the first one counts. All windows of a long text are as long as a row holds, the last
one ends with the text. Axis names as in `token_words.py`, and `windows` of all texts one after the other.
"""

from dataclasses import dataclass

import numpy as np

from mbert_cli.examples.answer_windows import cut_windows
from mbert_cli.examples.token_words import TokenWords

NOWHERE = -1
"""Window of a word of which the tokenizer leaves nothing."""


@dataclass(frozen=True)
class TokenWindows:
    """All windows of some texts, in the order of the texts. A text that fits is one window, an empty one too.

    Args:
        texts: (windows,) int32. The text of each window.
        first_tokens: (windows,) int64. Where it starts in the tokens of all texts.
        lengths: (windows,) int32. Its tokens.
        of_words: (words,) int64. The window that speaks for each word, or `NOWHERE`.
    """

    texts: np.ndarray
    first_tokens: np.ndarray
    lengths: np.ndarray
    of_words: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


def token_windows(words: TokenWords, room: int, stride: int | None = None) -> TokenWindows:
    """Cuts texts into windows.

    Args:
        words: The texts in tokens.
        room: Most tokens of a window.
        stride: Tokens from the start of a window to the start of the next one; the last one of a text may start
            sooner. None is half of the room, so that a word has a quarter of it on both sides at least.
    """
    text_lengths = np.diff(words.token_splits)
    texts, offsets, _ = cut_windows(
        text_lengths, np.full(len(text_lengths), room), stride or max(1, room // 2)
    )
    offsets = np.minimum(offsets, np.maximum(text_lengths[texts] - room, 0))
    first_tokens = words.token_splits[texts] + offsets
    lengths = np.minimum(text_lengths[texts], room).astype(np.int32)
    of_words = _most_context(words, texts, first_tokens, lengths)
    return TokenWindows(texts, first_tokens, lengths, of_words)


def _most_context(
    words: TokenWords, texts: np.ndarray, first_tokens: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """(words,) int64. The window in which each word has the most context."""
    best = np.full(len(words.first_tokens), NOWHERE, np.int64)
    shown = np.flatnonzero(words.first_tokens >= 0)
    first, last = words.first_tokens[shown], _last_tokens(words, shown)
    word_texts = np.repeat(np.arange(len(words.word_splits) - 1), np.diff(words.word_splits))[shown]
    # Windows start and end in ascending order, so that those that hold a token follow one another.
    ends = first_tokens + lengths
    window = np.maximum(
        np.searchsorted(ends, first, side="right"), np.searchsorted(texts, word_texts, side="left")
    )
    most = np.full(len(shown), np.iinfo(np.int64).min)
    remaining = np.arange(len(shown))
    while len(remaining):
        here = window[remaining]
        context = np.minimum(
            first[remaining] - first_tokens[here], ends[here] - 1 - last[remaining]
        )  # negative where the window ends within the word
        better = context > most[remaining]
        most[remaining[better]], best[shown[remaining[better]]] = context[better], here[better]
        window[remaining] += 1
        following = np.minimum(window[remaining], len(texts) - 1)
        holds = (window[remaining] < len(texts)) & (first_tokens[following] <= first[remaining])
        remaining = remaining[holds & (texts[following] == word_texts[remaining])]
    return best


def _last_tokens(words: TokenWords, shown: np.ndarray) -> np.ndarray:
    """The last token of each of the words that have tokens: that before the next one, or the last of its text."""
    first = words.first_tokens[shown]
    text_ends = words.token_splits[np.searchsorted(words.token_splits, first, side="right")]
    ends: np.ndarray = np.minimum(np.append(first[1:], words.token_splits[-1]), text_ends)
    return ends - 1
