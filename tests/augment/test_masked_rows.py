"""Rows in which words are masked: each word once, the rest of the text around it."""

import numpy as np
import pytest

from mbert_cli.augment.masked_rows import batches, masked_rows, place_words, window_length
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.words import content_words
from mbert_cli.text.vocabulary import LEADING_TOKENS, MASK, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

LETTERS = [first + second for first in "abcdefgh" for second in "abcdefgh"]
TOKENS = Vocabulary((*LEADING_TOKENS, *LETTERS, "cafe", "##bar", "the", ".", "x"))
TEXTS = ["Ab ac the ad.", "x", "aa abbar café " + " ".join(LETTERS[:40])]


def placed(texts=TEXTS):
    words = [content_words(text, frozenset({"the"})) for text in texts]
    return place_words(texts, words, Tokenizer(TOKENS))


def all_rows(words, **options):
    options = AugmentOptions(**options)
    rows = masked_rows(words, options)
    made = list(batches(words, rows, options, TOKENS, 1))
    return options, rows, made


def test_words_of_one_piece_are_placed_and_others_are_not():
    words = placed()
    shown = [
        (int(text), TOKENS.tokens[words.ids[token]])
        for text, token in zip(words.texts, words.tokens, strict=True)
    ]
    assert shown == [
        (0, "ab"),
        (0, "ac"),
        (0, "ad"),
        (2, "aa"),
        (2, "cafe"),
        *((2, word) for word in LETTERS[:40]),
    ]
    assert [TEXTS[text][first : first + 2] for text, first in zip(words.texts, words.firsts, strict=True)][:4] == [
        "Ab", "ac", "ad", "aa",
    ]  # fmt: skip


def test_an_accent_of_its_own_and_an_unknown_word_make_no_word_of_one_piece():
    assert len(placed(["cafe\u0301 zz"]).tokens) == 0


def test_a_row_is_the_masked_text_and_the_original_behind_it():
    words = placed(TEXTS[:1])
    _, _, made = all_rows(words, masked_share=0.0)
    ((batch, masked),) = made
    shown = [" ".join(TOKENS.tokens[token] for token in row) for row in batch["token_ids"]]
    assert shown == [
        f"[CLS] {text} . [SEP] ab ac the ad . [SEP]"
        for text in ("[MASK] ac the ad", "ab [MASK] the ad", "ab ac the [MASK]")
    ]
    assert batch["masked_positions"].tolist() == [[1], [2], [4]]
    assert batch["segment_ids"].tolist() == [[0] * 7 + [1] * 6] * 3
    assert [places.tolist() for places in masked] == [[0], [1], [2]]


def test_without_the_original_a_row_is_the_masked_text_alone():
    _, _, made = all_rows(placed(TEXTS[:1]), masked_share=1.0, sees_original=False)
    ((batch, _),) = made
    assert [TOKENS.tokens[token] for token in batch["token_ids"][0]] == [
        "[CLS]", MASK, MASK, "the", MASK, ".", "[SEP]",
    ]  # fmt: skip


@pytest.mark.parametrize("masked_share", [0.0, 0.15, 1.0])
@pytest.mark.parametrize("sees_original", [True, False])
@pytest.mark.parametrize("sequence_length", [8, 20, 128])
def test_every_word_is_masked_once_in_rows_that_are_short_enough(
    masked_share, sees_original, sequence_length
):
    words = placed()
    options, rows, made = all_rows(
        words,
        masked_share=masked_share,
        sees_original=sees_original,
        sequence_length=sequence_length,
        batch_size=3,
    )
    assert sorted(np.concatenate([row.words for row in rows])) == list(range(len(words.tokens)))
    for batch, masked in made:
        assert batch["token_ids"].shape[1] <= sequence_length
        for ids, positions, places in zip(batch["token_ids"], batch["masked_positions"], masked, strict=True):
            assert set(ids[positions[: len(places)]]) == {TOKENS.mask_id}
            assert (ids == TOKENS.mask_id).sum() == len(places)
            assert len(places) <= max(1, masked_share * (ids != TOKENS.pad_id).sum())
            assert words.texts[places].max() == words.texts[places].min()
    assert max(row.length for row in rows) <= window_length(options)


def test_a_word_of_a_long_text_has_as_much_text_on_both_sides_as_there_is():
    words = placed()
    options, rows, _ = all_rows(words, masked_share=0.0, sequence_length=43)
    room, (start, end) = window_length(options), words.starts[2:4]
    windows = [row for row in rows if row.length == room]
    assert windows
    for row in windows:
        place = words.tokens[row.words[0]]
        margin = min(place - row.first, row.first + room - 1 - place)
        assert margin >= min(room // 4, place - start, end - 1 - place)


def test_rows_of_like_length_are_together_and_widths_are_multiples_of_the_step():
    words, options = placed(), AugmentOptions(batch_size=2)
    made = list(batches(words, masked_rows(words, options), options, TOKENS, 16))
    assert all(batch["token_ids"].shape[1] % 16 == 0 for batch, _ in made)
    assert all(batch["masked_positions"].shape[1] % 16 == 0 for batch, _ in made)
    widths = [batch["token_ids"].shape[1] for batch, _ in made]
    assert widths == sorted(widths)
