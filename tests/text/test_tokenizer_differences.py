"""Which texts tensorflow-text may cut in another way than BERT."""

import pytest

from mbert_cli.text.tokenizer_differences import MAX_WORD, find_different, may_differ


def test_only_texts_that_need_it_take_the_slow_way():
    texts = [
        "plain",
        "naïve “café” — ok",
        "Straße",
        "\ttab\r\n",
        "bell\x07",
        "東京、そして서울",
        "é" * 60,
        "é " * 60,
    ]
    assert find_different(texts, True) == [2, 4, 6]
    assert find_different(texts, False) == [4, 6]
    assert find_different(texts[:2], True) == find_different([], True) == []


@pytest.mark.parametrize(("char", "num_bytes"), [("é", 2), ("я", 2), ("ا", 2), ("ก", 3)])
def test_a_word_is_too_long_by_its_bytes(char, num_bytes):
    longest = MAX_WORD // num_bytes
    assert find_different([f"a {char * longest}, b"], False) == []
    assert find_different([f"a {char * (longest + 1)}, b"], False) == [0]
    # Punctuation, white space and Chinese characters are words of their own.
    for mark in (" ", ".", "東"):
        assert find_different([f"{char * longest}{mark}{char * longest}"], False) == []


def test_a_long_word_of_ascii_is_as_long_to_both():
    assert find_different(["a" * 300], True) == []


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1f", "\x7f"])
def test_a_control_character_is_found_wherever_it_stands(control):
    assert find_different(["a", f"a{control}b", "b", f"é{control}"], True) == [1, 3]


def test_characters_that_differ_alone_are_told_by_their_code_point():
    cased, lowercase = may_differ(False), may_differ(True)
    assert cased.shape == lowercase.shape == (0x110000,)
    assert lowercase[ord("ß")] and not cased[ord("ß")]
    assert not cased[ord("é")] and not lowercase[ord("é")] and cased[0x200B]
