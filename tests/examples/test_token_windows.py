"""Windows over long texts, beside the same worked out word by word."""

import numpy as np
import pytest

from mbert_cli.examples.token_windows import NOWHERE, token_windows
from mbert_cli.examples.token_words import TokenWords


def words_of(*texts: list[int]) -> TokenWords:
    """Texts as the number of tokens of each of their words, 0 for one of which nothing is left."""
    counts = np.array([count for text in texts for count in text], np.int64)
    starts = np.cumsum(counts) - counts
    nothing = np.zeros(len(counts), np.int32)
    return TokenWords(
        ids=np.arange(counts.sum()),
        token_splits=np.cumsum([0, *map(sum, texts)]),
        word_splits=np.cumsum([0, *map(len, texts)]),
        first_tokens=np.where(counts > 0, starts, -1),
        starts=nothing,
        ends=nothing,
    )


def by_hand(text: list[int], room: int, stride: int) -> tuple[list[int], list[int]]:
    """First tokens of the windows of one text, and the window of each word."""
    length = sum(text)
    starts = [0]
    while starts[-1] + room < length:
        starts.append(min(starts[-1] + min(stride, room), length - room))
    chosen, first = [], 0
    for count in text:
        inside = [k for k, start in enumerate(starts) if start <= first < start + room]
        context = {k: min(first - starts[k], starts[k] + room - first - count) for k in inside}
        chosen.append(max(inside, key=lambda k: (context[k], -k)) if count else NOWHERE)
        first += count
    return starts, chosen


def test_each_word_has_the_window_with_the_most_context():
    windows = token_windows(words_of([1] * 10), 6, 2)
    assert windows.first_tokens.tolist() == [0, 2, 4] and windows.lengths.tolist() == [6, 6, 6]
    #                                      0  1  2  3  4  5  6  7  8  9
    assert windows.of_words.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
    # By half of the room; the last window ends with the text.
    windows = token_windows(words_of([1] * 10), 6)
    assert windows.first_tokens.tolist() == [0, 3, 4]
    assert windows.of_words.tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 2, 2]


def test_a_word_of_several_tokens_is_read_where_all_of_them_are():
    # Two windows: tokens 0 to 5 and 3 to 8. The long word is tokens 4, 5 and 6.
    windows = token_windows(words_of([4, 3, 2]), 6, 3)
    assert windows.of_words.tolist() == [0, 1, 1]
    # A word that no window holds is read from its beginning.
    assert token_windows(words_of([2, 9, 1]), 4, 2).of_words.tolist() == [0, 1, 4]


def test_texts_that_fit_are_one_window_each_and_empty_ones_too():
    windows = token_windows(words_of([2, 1], [], [0], [3]), 3, 1)
    assert windows.texts.tolist() == [0, 1, 2, 3]
    assert windows.first_tokens.tolist() == [0, 3, 3, 3] and windows.lengths.tolist() == [3, 0, 0, 3]
    assert windows.of_words.tolist() == [0, 0, NOWHERE, 3]
    assert len(token_windows(words_of([], []), 3)) == 2


@pytest.mark.parametrize("room", [1, 2, 5, 14])
@pytest.mark.parametrize("stride", [1, 3, 99])
def test_windows_are_those_worked_out_word_by_word(room, stride):
    generator = np.random.default_rng(room * 100 + stride)
    texts = [generator.integers(0, 4, size).tolist() for size in (0, 1, 3, 30, 2, 7, 60, 0)]
    windows = token_windows(words_of(*texts), room, stride)
    first_tokens, chosen, base = [], [], 0
    for text in texts:
        starts, of_words = by_hand(text, room, stride)
        chosen += [one + len(first_tokens) if one != NOWHERE else NOWHERE for one in of_words]
        first_tokens += [base + start for start in starts]
        base += sum(text)
    assert windows.first_tokens.tolist() == first_tokens
    assert windows.of_words.tolist() == chosen
