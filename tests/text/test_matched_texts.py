"""Texts that hold a matched token are found, however they are written; few others are."""

import random

import pytest
from tokenizers import normalizers

from mbert_cli.text.matched_texts import matching_search
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.tokenizer_differences import find_different


def search(*contents: str, lowercase: bool = True, normalized: bool = True):
    return matching_search(
        [MatchedToken(0, content, normalized=normalized) for content in contents], lowercase
    )


@pytest.mark.parametrize(
    "text",
    ["covid-19", "xCOVID-19x", "CÖVI\u0308D-19", "a new\u00a0York", "NEW\nYÖRK", "한국", "x각 ", "\u1100\u1161\u11a8",
     "caf\u00c9", "Cafe\u0301", "a|b"],
)  # fmt: skip
def test_a_token_is_found_in_every_form_that_is_normalized_to_it(text):
    assert search("covid-19", "new york", "한국", "각", "café", "|")(text)


@pytest.mark.parametrize("text", ["", "covid 19", "new yolk", "the cafe", "covid--19", "[SEP"])
def test_other_texts_are_left_to_the_quick_way(text):
    assert not search("covid-19", "new york", "한국", "cafés")(text)
    assert not search("[SEP]", "covid-19", normalized=False)(text)


def test_a_token_that_is_not_normalized_is_found_only_as_it_is_written():
    found = search("[SEP]", "x+", normalized=False)
    assert [found(text) for text in ("a[SEP]b", "[sep]", "[S\u0301EP]", "xx+", "xx")] == [
        True, False, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("lowercase", [True, False])
def test_no_text_with_a_token_in_its_normalized_form_is_missed(lowercase):
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    generator = random.Random(0)
    chars = "abéÉe\u0301ß각한\u1100\u1161東京 \tİıA-|[]^\\ΩωЙй\u0306и.*+\u00ad\u200b\u3000"
    for _ in range(300):
        tokens = ["".join(generator.choices(chars, k=generator.randint(1, 4))) for _ in range(5)]
        found = search(*tokens, lowercase=lowercase)
        forms = [form for form in map(normalizer.normalize_str, tokens) if form.strip()]
        for _ in range(20):
            text = "".join(generator.choices(chars, k=12))
            if any(form in normalizer.normalize_str(text) for form in forms):
                assert found(text) or find_different([text], lowercase), (tokens, text)


def test_a_thousand_tokens_are_looked_for_at_once():
    generator = random.Random(0)
    words = ["".join(generator.choices("abcdefghij", k=8)) for _ in range(1000)]
    found = search(*words)
    assert all(found(f"is {word.upper()} here") for word in words)
    assert not found("nothing of the kind is here " * 100)


def test_a_token_may_be_as_long_as_a_page():
    found = search("word " * 1000)
    assert found("WORD " * 1000) and not found("wort " * 1000)
