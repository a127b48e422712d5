"""Offsets of tokens name characters of the text as it was given."""

import numpy as np
import pytest

from mbert_cli.text import wordpiece
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

PIECES = (
    "cafe", "zoe", "stra", "##ß", "##e", "½", "x", "##x", "東", "京", "\u1100", "##\u1161", "##\u11a8",
)  # fmt: skip


@pytest.fixture(params=[0, 10**9], ids=["tensorflow-text", "tokenizers"])
def tokenizer(request, monkeypatch):
    monkeypatch.setattr(wordpiece, "SLOW_CHARACTERS", request.param)
    return Tokenizer(Vocabulary((*LEADING_TOKENS, *PIECES)))


def pieces(tokenizer: Tokenizer, *texts: str) -> list[list[tuple[str, str]]]:
    """Each token of each text with the characters that it was made of."""
    ids, splits, starts, ends = tokenizer.encode_with_offsets(list(texts))
    tokens = tokenizer.vocabulary.tokens
    return [
        [(tokens[ids[i]], text[starts[i] : ends[i]]) for i in range(splits[row], splits[row + 1])]
        for row, text in enumerate(texts)
    ]


def test_accents_and_case_stay_in_the_characters(tokenizer):
    assert pieces(tokenizer, "CAFÉ, Zoë") == [[("cafe", "CAFÉ"), ("[UNK]", ","), ("zoe", "Zoë")]]


def test_accents_written_as_characters_of_their_own_belong_to_their_letter(tokenizer):
    found = pieces(tokenizer, "cafe\u0301 x", "zoe\u0308\u0323", "\u0301x")
    assert found == [[("cafe", "cafe\u0301"), ("x", "x")], [("zoe", "zoe\u0308\u0323")], [("x", "x")]]


def test_a_character_that_is_read_as_several_belongs_to_each_of_its_tokens(tokenizer):
    assert pieces(tokenizer, "각x") == [
        [("\u1100", "각"), ("##\u1161", "각"), ("##\u11a8", "각"), ("##x", "x")],
    ]


def test_characters_that_only_other_rules_fold_stay_as_they_are(tokenizer):
    assert pieces(tokenizer, "Straße", "½x") == [
        [("stra", "Stra"), ("##ß", "ß"), ("##e", "e")],
        [("½", "½"), ("##x", "x")],
    ]


def test_characters_of_many_bytes_are_counted_as_one(tokenizer):
    text = "🦊 東京 x\u1e8d x"
    ids, _, starts, ends = tokenizer.encode_with_offsets([text])
    assert [text[a:b] for a, b in zip(starts, ends, strict=True)] == [
        "🦊",
        "東",
        "京",
        "x",
        "\u1e8d",
        "x",
    ]
    assert (starts.tolist(), ends.tolist()) == ([0, 2, 3, 5, 6, 8], [1, 3, 4, 6, 7, 9])
    assert [tokenizer.vocabulary.tokens[i] for i in ids][-3:] == ["x", "##x", "x"]


def test_characters_that_disappear_shift_nothing(tokenizer):
    assert pieces(tokenizer, "\ufeffx \x00 \u200b x", "x\u200dx", "x\x00\x07x \x00") == [
        [("x", "x"), ("x", "x")],
        [("x", "x\u200d"), ("##x", "x")],
        [("x", "x\x00\x07"), ("##x", "x")],
    ]


def test_offsets_count_in_each_text_and_ids_are_those_without_offsets(tokenizer):
    texts = ["é x", "", "東 x", "   ", "x"]
    ids, splits, starts, ends = tokenizer.encode_with_offsets(texts)
    assert (starts.tolist(), ends.tolist()) == ([0, 2, 0, 2, 0], [1, 3, 1, 3, 1])
    assert starts.dtype == ends.dtype == np.int32
    for found, expected in zip((ids, splits), tokenizer.encode(texts), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


def test_without_lower_casing_offsets_are_right_too():
    tokenizer = Tokenizer(Vocabulary((*LEADING_TOKENS, "É", "##x", "x"), lowercase=False))
    assert pieces(tokenizer, "Éx x") == [[("É", "É"), ("##x", "x"), ("x", "x")]]


def test_no_text_has_no_offsets(tokenizer):
    assert [array.tolist() for array in tokenizer.encode_with_offsets([])] == [[], [0], [], []]
