"""The tokenizer of the page cuts texts into the ids of `mbert predict`, and knows the same characters of each token."""

import itertools
import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.phone.web_page import WEB
from mbert_cli.text.bert_wordpiece import BertWordPiece
from mbert_cli.text.client_tokenizer import ClientWordPiece
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789éßøяжהمکกกา가각中日ﬁµ"
SCRIPT = Path(__file__).with_name("cut_texts.mjs")
TOKENS = (
    *LEADING_TOKENS, *dict.fromkeys(ALPHABET), *(f"##{char}" for char in dict.fromkeys(ALPHABET)), *".,!?'-—…«»",
    "word", "##word", "cat", "<tag>", "É", "the end",
)  # fmt: skip
ODD_TEXTS = [
    "", " ", "\u200b", "Élan d'été", "e\u0301te\u0301\u0327", "İstanbul ΣΑΣ", "中文cat日", "각 가나", "a\u0000b\ufffdc", "a\u2028b\u3000c",
    "x" * 100, "x" * 101, "é" * 101, "…—«word»", "\U0001f600word\U0001f600", "a\u0d47\u0820b", "word\u00adword", "\ud83d word", "##word",
    "\u0301", "a \u0301 b", "ﬁµ", "[SEP] [MASK]word<tag>", "[sep]THE ENDthe end.", "word<tag>word <tag> ", "Éé É",
]  # fmt: skip
WORD = TOKENS.index("word")


def matched(content: str, **settings: bool) -> MatchedToken:
    known = {"id": TOKENS.index(content), "content": content, "is_word": True}
    return MatchedToken(**(known | settings))


def cut_by_page(vocabulary: Vocabulary, texts: list[str], client: str | None = None) -> list[list[list[int]]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    asked = {
        "module": (WEB / "wordpiece.js").as_uri(), "tokens": vocabulary.tokens, "lowercase": vocabulary.lowercase,
        "matched": [asdict(token) for token in vocabulary.matched], "client": client,
        "texts": texts,
    }  # fmt: skip
    done = subprocess.run(
        [node, str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def cut_by_mbert(
    vocabulary: Vocabulary, texts: list[str], client: str | None = None
) -> list[list[list[int]]]:
    way = BertWordPiece(vocabulary) if client is None else ClientWordPiece(vocabulary)
    ids, splits, starts, ends = way.encode_with_offsets(texts)
    return [
        [part[first:last].tolist() for part in (ids, starts, ends)]
        for first, last in itertools.pairwise(splits)
    ]


def assert_cut_alike(vocabulary: Vocabulary, texts: list[str], client: str | None = None) -> None:
    ours, theirs = (cut(vocabulary, texts, client) for cut in (cut_by_mbert, cut_by_page))
    different = [row for row in zip(texts, ours, theirs, strict=True) if row[1] != row[2]]
    assert not different, different[:3]


def odd_texts() -> list[str]:
    """Chosen ones, and others of random characters, but none with half a character, which Python does not encode."""
    random = np.random.default_rng(7)
    chars = [*ALPHABET, *" \t\n.,'-—$ÉAZ\0\x1d\u0301\u0327\u200b\u0e31\u1ad1\u0d47Ω\U0001d165"]
    texts = ["".join(random.choice(chars, 30)) for _ in range(500)]
    return [*(text for text in ODD_TEXTS if "\ud83d" not in text), *texts]


@pytest.mark.parametrize("lowercase", [True, False])
def test_odd_texts_are_cut_as_predict_cuts_them(lowercase):
    assert_cut_alike(Vocabulary(TOKENS, lowercase), odd_texts())


def test_a_model_that_was_trained_with_the_way_of_a_client_is_given_texts_cut_so():
    assert_cut_alike(Vocabulary(TOKENS), odd_texts(), "mediapipe")


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize(
    "tokens",
    [
        (matched("[SEP]", special=True, normalized=False), matched("[MASK]", special=True, normalized=False, lstrip=True)),
        (matched("[SEP]", special=True, is_text=True), matched("<tag>", single_word=True, rstrip=True, is_word=False)),
        (matched("the end"), matched("É", normalized=False), matched("cat", is_text=True)),
        (matched("É", lstrip=True, rstrip=True), matched("<tag>", normalized=False, is_word=False)),
    ],
)  # fmt: skip
def test_tokens_are_matched_before_words_are_cut(tokens, lowercase):
    assert_cut_alike(Vocabulary(TOKENS, lowercase, tokens), odd_texts())


def test_half_a_character_is_passed_over():
    vocabulary = Vocabulary(TOKENS)
    (found,) = cut_by_page(vocabulary, ["\ud83dword"])
    assert found == [[WORD], [1], [5]]


@pytest.mark.slow
@pytest.mark.parametrize(("lowercase", "client"), [(True, None), (False, None), (True, "mediapipe")])
def test_every_character_is_cut_as_predict_cuts_it(lowercase, client):
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    codes = [code for code in codes if (not 0x323B0 <= code < 0xE0000 and code < 0xE0200) or code % 997 == 0]
    for start in range(0, len(codes), 50_000):
        chars = map(chr, codes[start : start + 50_000])
        texts = [f"a{char}b {char} word{char}" for char in chars]
        assert_cut_alike(Vocabulary(TOKENS, lowercase), texts, client)
