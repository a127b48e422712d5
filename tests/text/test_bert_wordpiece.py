"""BERT's own tokenizer with our ids: of words, of tokens that are matched first, and over many batches."""

from itertools import pairwise

import numpy as np
import pytest

from mbert_cli.text import bert_wordpiece
from mbert_cli.text.bert_wordpiece import BertWordPiece, as_added_token, build_tokenizer
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import RESERVED, Vocabulary

TOKENS = (*RESERVED, "new", "york", "new york", "a", "##a", "é", "e")
"""The token in the middle is matched and no word, so that the library numbers it after the others."""
VOCABULARY = Vocabulary(TOKENS, True, (MatchedToken(7, "new york", lstrip=True, rstrip=True),))
TEXTS = ["new  york", "a new york a", "", "aa é\u0301", "q"]


def shown(encoded: tuple) -> list[list[str]]:
    ids, splits = encoded[:2]
    return [[TOKENS[i] for i in ids[a:b]] for a, b in pairwise(splits)]


def test_ids_are_those_of_the_vocabulary_and_not_those_of_the_library():
    assert shown(BertWordPiece(VOCABULARY).encode(TEXTS)) == [
        ["new", "york"], ["a", "new york", "a"], [], ["a", "##a", "e"], ["[UNK]"],
    ]  # fmt: skip
    theirs = build_tokenizer(VOCABULARY).encode("new york", add_special_tokens=False)
    assert theirs.tokens == ["new york"] and theirs.ids != [7]


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_batches_change_nothing(monkeypatch, batch):
    whole = BertWordPiece(VOCABULARY).encode_with_offsets(TEXTS)
    monkeypatch.setattr(bert_wordpiece, "BATCH", batch)
    for found, expected in zip(BertWordPiece(VOCABULARY).encode_with_offsets(TEXTS), whole, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    for found, expected in zip(BertWordPiece(VOCABULARY).encode(TEXTS), whole[:2], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_offsets_leave_out_the_blanks_of_a_matched_token_and_take_in_what_vanishes():
    _, splits, starts, ends = BertWordPiece(VOCABULARY).encode_with_offsets(
        ["a new york a", "e\u200b\u0301 a"]
    )
    assert splits.tolist() == [0, 3, 5]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [
        (0, 1),
        (2, 10),
        (11, 12),
        (0, 3),
        (4, 5),
    ]


def test_no_text_has_no_tokens():
    assert [array.tolist() for array in BertWordPiece(VOCABULARY).encode_with_offsets([])] == [
        [],
        [0],
        [],
        [],
    ]


def test_a_matched_token_has_its_settings_in_the_library():
    added = as_added_token(
        MatchedToken(3, "[SEP]", single_word=True, lstrip=True, normalized=False, special=True)
    )
    assert (added.content, added.single_word, added.lstrip, added.rstrip) == ("[SEP]", True, True, False)
    assert (added.normalized, added.special) == (False, True)
