"""Masking: how many tokens, which ones, and what replaces them."""

import numpy as np
import pytest

from mbert_cli.corpus.masking import mask_tokens
from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary

WORDS = [f"w{i}" for i in range(60)]
VOCABULARY = Vocabulary((*LEADING_TOKENS, *WORDS, *(f"##p{i}" for i in range(40))))
CLS, SEP = VOCABULARY.cls_id, VOCABULARY.sep_id
FIRST_WORD, FIRST_PIECE = 104, 164


def options(**changes) -> PretrainingOptions:
    return PretrainingOptions(**({"sequence_length": 40, "max_predictions": 8} | changes))


def rows(pieces: list[list[int]], length: int = 40) -> np.ndarray:
    result = np.zeros((len(pieces), length), np.int32)
    for row, ids in zip(result, pieces, strict=True):
        row[: len(ids) + 3] = [CLS, *ids[:-2], SEP, *ids[-2:], SEP]
    return result


def mask(token_ids: np.ndarray, seed: int = 0, **changes) -> dict[str, np.ndarray]:
    settings = options(**changes)
    draws = token_ids.shape[1] + 2 * settings.max_predictions
    random = np.random.default_rng(seed).random((len(token_ids), draws))
    return mask_tokens(token_ids, random, VOCABULARY, settings)


def unmasked(batch: dict[str, np.ndarray]) -> np.ndarray:
    result = batch["token_ids"].copy()
    row, slot = np.nonzero(batch["masked_weights"])
    result[row, batch["masked_positions"][row, slot]] = batch["masked_ids"][row, slot]
    return result


@pytest.mark.parametrize("whole_word", [False, True])
def test_marks_that_a_text_holds_are_never_predicted(whole_word):
    typed = [CLS, SEP, VOCABULARY.mask_id]
    token_ids = rows([[FIRST_WORD, *typed, FIRST_WORD + 1, *typed, FIRST_WORD + 2]] * 50)
    batch = mask(token_ids, whole_word_masking=whole_word, masking_rate=0.9)
    predicted = batch["masked_ids"][batch["masked_weights"] > 0]
    assert set(predicted.tolist()) == {FIRST_WORD, FIRST_WORD + 1, FIRST_WORD + 2}


@pytest.mark.parametrize("whole_word", [False, True])
@pytest.mark.parametrize(
    ("tokens", "expected"),
    [(37, 6), (17, 3), (3, 1), (2, 1)],  # 15 % of tokens + 3 marks, rounded, at least one
)
def test_number_of_predictions_follows_the_rate(whole_word, tokens, expected):
    token_ids = rows([[FIRST_WORD + i for i in range(tokens)]] * 5)
    batch = mask(token_ids, whole_word_masking=whole_word)
    np.testing.assert_array_equal(batch["masked_weights"].sum(axis=1), [expected] * 5)


def test_predictions_are_capped():
    batch = mask(rows([[FIRST_WORD + i for i in range(37)]]), masking_rate=0.9, max_predictions=5)
    np.testing.assert_array_equal(batch["masked_weights"], np.ones((1, 5)))


def test_more_slots_than_tokens_stay_unused():
    batch = mask(rows([[FIRST_WORD, FIRST_WORD + 1]], length=8), masking_rate=0.9, max_predictions=12)
    assert batch["masked_weights"].shape == (1, 12)
    np.testing.assert_array_equal(batch["masked_weights"][0], [1, 1] + [0] * 10)
    assert not batch["masked_ids"][0, 2:].any() and not batch["masked_positions"][0, 2:].any()


@pytest.mark.parametrize("whole_word", [False, True])
def test_original_tokens_come_back_and_marks_are_never_masked(whole_word):
    pieces = np.random.default_rng(1).integers(FIRST_WORD, VOCABULARY.size, (50, 30)).tolist()
    token_ids = rows(pieces)
    batch = mask(token_ids, whole_word_masking=whole_word)
    np.testing.assert_array_equal(unmasked(batch), token_ids)
    used = batch["masked_weights"] > 0
    assert (batch["masked_ids"][used] >= FIRST_WORD).all()
    positions = np.where(used, batch["masked_positions"], 1000)
    assert (np.diff(positions, axis=1)[used[:, 1:]] > 0).all()


def test_replacements_are_80_10_10_of_ordinary_tokens():
    token_ids = np.full((2000, 40), FIRST_WORD, np.int32)
    token_ids[:, [0, 20, 39]] = CLS, SEP, SEP
    batch = mask(token_ids)
    used = batch["masked_weights"] > 0
    row, slot = np.nonzero(used)
    new = batch["token_ids"][row, batch["masked_positions"][row, slot]]
    kept, masked = np.mean(new == FIRST_WORD), np.mean(new == VOCABULARY.mask_id)
    assert used.sum() == 2000 * 6
    assert masked == pytest.approx(0.8, abs=0.015)
    assert kept == pytest.approx(0.1 + 0.1 / 100, abs=0.01)
    others = new[(new != FIRST_WORD) & (new != VOCABULARY.mask_id)]
    assert others.min() > FIRST_WORD and len(np.unique(others)) == 99


def test_whole_words_are_masked_together():
    word = [FIRST_WORD, FIRST_PIECE, FIRST_PIECE + 1]
    row = [CLS, *word * 5, SEP, *word * 5, SEP]
    batch = mask(np.array([row] * 200, np.int32), whole_word_masking=True)  # 15 % of 33 is 5: one word fits
    np.testing.assert_array_equal(batch["masked_weights"], [[1] * 3 + [0] * 5] * 200)
    np.testing.assert_array_equal(batch["masked_ids"][:, :3], [word] * 200)
    np.testing.assert_array_equal(np.diff(batch["masked_positions"][:, :3], axis=1), np.ones((200, 2)))
    assert len(np.unique(batch["masked_positions"][:, 0])) == 10


def test_a_word_too_long_for_the_budget_is_masked_in_part():
    token_ids = rows([[FIRST_WORD] + [FIRST_PIECE] * 8 + [FIRST_PIECE, FIRST_PIECE]], length=14)
    batch = mask(token_ids, whole_word_masking=True, max_predictions=2)
    assert batch["masked_weights"].sum() == 2


def test_every_token_is_equally_likely_to_be_masked():
    token_ids = np.full((4000, 20), FIRST_WORD, np.int32)
    token_ids[:, [0, 9, 19]] = CLS, SEP, SEP
    batch = mask(token_ids)
    counts = np.bincount(batch["masked_positions"][batch["masked_weights"] > 0], minlength=20)
    assert counts[[0, 9, 19]].tolist() == [0, 0, 0]
    others = np.delete(counts, [0, 9, 19])
    np.testing.assert_allclose(others, 4000 * 3 / 17, rtol=0.15)
