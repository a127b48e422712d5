"""Every character is cut as the `tokenizers` package cuts it, whichever library does it, and found in its text."""

import random
import sys
import unicodedata
from itertools import chain

import numpy as np
import pytest
from tokenizers import Tokenizer as PeerTokenizer
from tokenizers import models, normalizers, pre_tokenizers

from mbert_cli.text import wordpiece
from mbert_cli.text.tokenizer_differences import find_different
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

PRIVATE = "".join(map(chr, (0xE000, 0xF8FF, 0xF0000, 0xFFFFD, 0x100000, 0x10FFFD)))
ASSIGNED = [
    *(char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) not in ("Cn", "Co", "Cs")),
    *PRIVATE,
]  # fmt: skip
ALIKE = ("CJK UNIFIED IDEOGRAPH-", "HANGUL SYLLABLE ", "TANGUT IDEOGRAPH-")
"""Beginnings of names of characters by the thousand that are cut alike, most of the assigned ones."""
MANY_ALIKE = [char for char in ASSIGNED if unicodedata.name(char, "").startswith(ALIKE)]
EVERY_KIND = [*sorted({*ASSIGNED}.difference(MANY_ALIKE)), *MANY_ALIKE[::20]]


@pytest.fixture(autouse=True)
def _both_ways(monkeypatch):
    """As after much text: what tensorflow-text cuts as BERT does, it cuts."""
    monkeypatch.setattr(wordpiece, "SLOW_CHARACTERS", 0)


def peer(vocabulary: Vocabulary) -> PeerTokenizer:
    tokenizer = PeerTokenizer(models.WordPiece(vocabulary.ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=vocabulary.lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def every_character(chars: list[str], lowercase: bool) -> Vocabulary:
    """The characters with what either library makes of them, at the start of a word and within one."""
    read = ("NFC", "NFD", "NFKC", "NFKD")
    letters = dict.fromkeys("".join(chars) + "abx")
    for form in read if lowercase else ():
        letters |= dict.fromkeys(unicodedata.normalize(form, "".join(chars)))
        letters |= dict.fromkeys(unicodedata.normalize(form, "".join(chars).lower()))
        letters |= dict.fromkeys(unicodedata.normalize(form, "".join(chars).casefold()))
    letters = [char for char in letters if unicodedata.category(char) != "Cc"]
    return Vocabulary((*LEADING_TOKENS, *letters, *(f"##{char}" for char in letters)), lowercase)


def assert_same(tokenizer: Tokenizer, texts: list[str]) -> None:
    """Ids and offsets are those of the package, and each token has what vanishes after it."""
    ids, splits, starts, ends = tokenizer.encode_with_offsets(texts)
    encodings = peer(tokenizer.vocabulary).encode_batch(texts)
    bases = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]
    bases = np.repeat(bases, [len(encoding) for encoding in encodings])
    offsets = np.array(list(chain.from_iterable(encoding.offsets for encoding in encodings)))
    expected = {
        "splits": np.cumsum([0, *map(len, encodings)]),
        "ids": np.array(list(chain.from_iterable(encoding.ids for encoding in encodings))),
        "starts": offsets[:, 0],
        "ends": ends_with_vanishing(texts, offsets[:, 1] + bases, tokenizer.vocabulary.lowercase) - bases,
    }
    for name, found in (("splits", splits), ("ids", ids), ("starts", starts), ("ends", ends)):
        wrong = np.flatnonzero(found != expected[name])[:5]
        assert not len(wrong), (name, [texts[np.searchsorted(splits, place, "right") - 1] for place in wrong])
    for one, other in zip(tokenizer.encode(texts), (ids, splits), strict=True):
        np.testing.assert_array_equal(one, other)


def ends_with_vanishing(texts: list[str], ends: np.ndarray, lowercase: bool) -> np.ndarray:
    """Moves places in all texts, each with a newline, over characters of which the package leaves nothing."""
    joined = "\n".join([*texts, ""])
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    vanishing = np.zeros(sys.maxunicode + 1, bool)
    vanishing[[ord(char) for char in set(joined) if not normalizer.normalize_str(char)]] = True
    vanishes = vanishing[np.frombuffer(joined.encode("utf-32-le"), np.uint32)]
    while np.any(vanishes[ends]):
        ends = ends + vanishes[ends]
    return ends


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize(
    "chars", [EVERY_KIND, pytest.param(ASSIGNED, marks=pytest.mark.slow)], ids=["of every kind", "all"]
)
def test_every_character_is_cut_as_bert_cuts_it(chars, lowercase):
    tokenizer = Tokenizer(every_character(chars, lowercase))
    texts = [f"a{char}b {char}" for char in chars]
    assert 1000 < len(find_different(texts, lowercase)) < len(texts) - 1000  # both libraries are asked
    assert_same(tokenizer, texts)


@pytest.mark.parametrize("lowercase", [True, False])
def test_random_texts_of_all_scripts_are_cut_as_bert_cuts_them(lowercase):
    generator = random.Random(0)
    chars = [chr(code) for code in (*range(9, 0x1800), *range(0x1E00, 0x3100), *range(0xAC00, 0xAD00))]
    blocks = [chars[start : start + 128] for start in range(0, len(chars), 128)]
    common = ["a", "b", " ", ".", "#", "\u0301", "\u0323", "\u05b0", "東", "각", "\U0001f98a"]
    alphabet = [generator.sample(block, 12) + common for block in blocks]
    tokens = {"".join(generator.choices(some, k=k)) for some in alphabet for k in (2, 2, 3) * 6}
    tokens |= set(chain(*alphabet))
    tokens |= {unicodedata.normalize("NFD", token).lower() for token in tokens}
    pieces = sorted(token for token in tokens if token.strip())
    tokenizer = Tokenizer(
        Vocabulary((*LEADING_TOKENS, *pieces, *(f"##{token}" for token in pieces)), lowercase)
    )
    some = [generator.choices(alphabet, k=generator.randint(1, 3)) for _ in range(20_000)]
    texts = ["".join(generator.choices(list(chain(*sets)), k=generator.randint(0, 20))) for sets in some]
    assert 500 < len(find_different(texts, lowercase)) < 18_000
    assert_same(tokenizer, texts)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("char", ["a", "é", "ش", "ก", "한", "東", "𝔘", "🦊"])
def test_a_word_is_too_long_by_its_characters(char, lowercase):
    tokenizer = Tokenizer(every_character([char], lowercase))
    lengths = (11, 12, 25, 26, 33, 34, 50, 51, 99, 100, 101, 300)
    assert_same(tokenizer, [f"a {char * length}, {char * 3}" for length in lengths])


@pytest.mark.parametrize("blank", ["\u2028", "\x85", "\u3000", "a\u00a0b"])
def test_a_token_with_white_space_changes_nothing(blank):
    tokenizer = Tokenizer(Vocabulary((*LEADING_TOKENS, "a", "b", blank, f"##{blank}")))
    assert_same(tokenizer, [f"a{blank}b a {blank} b", "a\u00a0b"])


def test_a_vocabulary_that_tensorflow_text_refuses_is_used_all_the_same():
    assert_same(Tokenizer(Vocabulary((*LEADING_TOKENS, ".", "##."))), ["a. b", "..."])
    assert_same(Tokenizer(Vocabulary((*LEADING_TOKENS, "a", ".", "\x11", "##\x11"))), ["a. b", "a\x11a"])
