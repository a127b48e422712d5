"""Texts are cut as MediaPipe's client cuts them; tests/phone/test_clients.py compares with the client itself."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.client_tokenizer import WORDS_REMEMBERED
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

WORDS = (
    "cafe",
    "café",
    "un",
    "##want",
    "##ed",
    "a",
    "##a",
    "é",
    "##é",
    "don",
    "'",
    "t",
    "日",
    "москва",
    "각",
    "!",
    "—",
)
VOCABULARY = Vocabulary(
    (*RESERVED, *WORDS, "<new>"), matched=(MatchedToken(len(RESERVED) + len(WORDS), "<new>"),)
)


def cut(text: str, vocabulary: Vocabulary = VOCABULARY) -> list[str]:
    ids, starts = Tokenizer(vocabulary, "mediapipe").encode([text])
    assert starts.tolist() == [0, len(ids)]
    return [vocabulary.tokens[index] for index in ids]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Cafe cafe", ["cafe", "cafe"]),
        ("Café CAFÉ", ["café", "[UNK]"]),  # É stays as it is
        ("cafe\u0301", ["[UNK]"]),  # and so does an accent of its own
        ("unwanted unwan", ["un", "##want", "##ed", "[UNK]"]),
        ("Москва москва", ["[UNK]", "москва"]),
        ("각", ["각"]),  # taken apart by BERT's lower-casing
        ("a\u00a0a a\u3000a a\u2003a", ["[UNK]"] * 3),  # no blanks to the client
        ("a\u200ba a\ufeffa a\x01a a\x7fa a\va", ["[UNK]"] * 5),  # nothing is taken out
        ("a\ta\na\ra\fa", ["a"] * 5),
        ("don't a!a—a", ["don", "'", "t", "a", "!", "a", "—", "a"]),
        ("a$a a^a a€a", ["a", "[UNK]", "a", "a", "[UNK]", "a", "[UNK]"]),
        ("日a日", ["日", "a", "日"]),
        ("a\U0002a700a a\U0002b820a", ["a", "[UNK]", "a"] * 2),  # ideographs that BERT does not know
        ("a\U00011f43a", ["a", "[UNK]", "a"]),  # punctuation since Unicode 15
        ("a <new> [MASK]", ["a", "[UNK]", "[UNK]", "[UNK]", "[UNK]", "[UNK]", "[UNK]"]),
        ("a\0a a", ["a"]),
        ("", []),
        (" \n", []),
        ("a" * 100, ["a"] + ["##a"] * 99),
        ("a" * 101, ["[UNK]"]),
        ("é" * 50, ["é"] + ["##é"] * 49),  # 100 bytes
        ("é" * 50 + "a", ["[UNK]"]),
    ],
)  # fmt: skip
def test_texts_are_cut_as_the_client_cuts_them(text, tokens):
    assert cut(text) == tokens


def test_a_vocabulary_with_upper_case_is_read_in_lower_case_all_the_same():
    cased = Vocabulary((*RESERVED, "Cafe", "cafe"), lowercase=False)
    assert cut("Cafe", cased) == ["cafe"]


def test_plain_english_is_cut_as_bert_cuts_it():
    text = "Don't eat: unwanted (a!) cafe -- un-wanted, DON 'T' " * 3
    np.testing.assert_array_equal(
        Tokenizer(VOCABULARY, "mediapipe").encode([text])[0], Tokenizer(VOCABULARY).encode([text])[0]
    )


def test_places_are_those_of_the_characters_in_the_text():
    texts = ["Un\tUNWANTED—café", "", "a\u00a0a 日"]
    tokenizer = Tokenizer(VOCABULARY, "mediapipe")
    ids, starts, firsts, ends = tokenizer.encode_with_offsets(texts)
    np.testing.assert_array_equal(ids, tokenizer.encode(texts)[0])
    np.testing.assert_array_equal(starts, tokenizer.encode(texts)[1])
    pieces = [
        text[first:end]
        for row, text in enumerate(texts)
        for first, end in zip(
            firsts[starts[row] : starts[row + 1]], ends[starts[row] : starts[row + 1]], strict=True
        )
    ]
    assert pieces == ["Un", "UN", "WANT", "ED", "—", "café", "a\u00a0a", "日"]


def test_no_token_is_matched_before_words_are_cut():
    assert Tokenizer(VOCABULARY).find_matched(["a <new> a"]) == [0]
    assert Tokenizer(VOCABULARY, "mediapipe").find_matched(["a <new> a"]) == []


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(UserError, match="A text must be valid Unicode"):
        cut("cafe \ud800 a")


def test_only_so_many_words_are_remembered():
    tokenizer = Tokenizer(VOCABULARY, "mediapipe")
    ids, _ = tokenizer.encode([" ".join(f"a{number}" for number in range(WORDS_REMEMBERED + 10))])
    assert set(ids.tolist()) == {VOCABULARY.unknown_id}
    assert tokenizer._exact._pieces.cache_info().currsize == WORDS_REMEMBERED
