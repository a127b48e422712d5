"""Token ids equal those of the `tokenizers` package."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tokenizers import Tokenizer as PeerTokenizer
from tokenizers import models, normalizers, pre_tokenizers

from mbert_cli.errors import UserError
from mbert_cli.text import wordpiece
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary, train_vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "Don't over-use it: 3.14 != $2,718 (e.g. `a_b`), e-mail me@example.org!",
    "Éclairs in the naïve café; Ångström, Ísland, Øre",
    "東京とソウル 서울 — “quotes” ‘single’ €5",
    "tabs\tand\nnew\r\nlines\u00a0and a space",
    "",
    "   ",
    "emoji 🦊 and unknownqqqqqqqqqqqqqqq",
]


@pytest.fixture(autouse=True)
def _both_ways(monkeypatch):
    """As after much text: what tensorflow-text cuts as BERT does, it cuts."""
    monkeypatch.setattr(wordpiece, "SLOW_CHARACTERS", 0)


def vocabulary(lowercase: bool) -> Vocabulary:
    return train_vocabulary(TEXTS * 3, size=1000, lowercase=lowercase)


def peer(vocabulary: Vocabulary) -> PeerTokenizer:
    tokenizer = PeerTokenizer(models.WordPiece(vocabulary.ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=vocabulary.lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


@pytest.mark.parametrize("lowercase", [True, False])
def test_ids_equal_those_of_the_tokenizers_package(lowercase):
    words = vocabulary(lowercase)
    ids, starts = Tokenizer(words).encode(TEXTS)
    for index, encoding in enumerate(peer(words).encode_batch(TEXTS)):
        got = ids[starts[index] : starts[index + 1]].tolist()
        assert [words.tokens[i] for i in got] == encoding.tokens, TEXTS[index]


def test_ids_and_row_splits_have_the_documented_types():
    ids, starts = Tokenizer(Vocabulary((*LEADING_TOKENS, "a", "##b"))).encode(["ab a", "", "zz"])
    assert (ids.dtype, starts.dtype) == (np.int32, np.int64)
    np.testing.assert_array_equal(ids, [104, 105, 104, 100])
    np.testing.assert_array_equal(starts, [0, 3, 3, 4])


def test_no_text_gives_no_ids():
    ids, starts = Tokenizer(Vocabulary((*LEADING_TOKENS, "a"))).encode([])
    assert ids.tolist() == [] and starts.tolist() == [0]


def test_reserved_tokens_in_a_text_are_ordinary_characters():
    tokens = (*LEADING_TOKENS, "[", "]", "mask")
    ids, _ = Tokenizer(Vocabulary(tokens)).encode(["[MASK]"])
    assert [tokens[i] for i in ids] == ["[", "mask", "]"]


def test_threads_share_one_tokenizer():
    tokenizer = Tokenizer(vocabulary(True))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: tokenizer.encode(TEXTS)[0].tolist(), range(16)))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("lowercase", [True, False])
def test_vocabulary_is_trained_on_text_as_the_tokenizer_reads_it(lowercase):
    texts = [
        "Straße größer ½ ﬁne ª ŉ Σας µ",
        "서울 한국어 문장",
        "भाषा",
        "soft\u00adhyphen zero\u200bwidth bell\x07s",
    ] * 4
    words = train_vocabulary(texts, size=1500, lowercase=lowercase)
    ids, _ = Tokenizer(words).encode(texts)
    assert words.unknown_id not in ids


@pytest.mark.parametrize("texts", [["fine", "a\udcff b"], ["straße \ud800"], ["…", "\ud800 dull", "fine"]])
@pytest.mark.parametrize("method", ["encode", "encode_with_offsets"])
def test_text_that_is_no_unicode_is_refused(method, texts):
    tokenizer = Tokenizer(Vocabulary((*LEADING_TOKENS, "a", "b", "fine", "dull")))
    with pytest.raises(UserError) as refused:
        getattr(tokenizer, method)(texts)
    assert refused.value.message.startswith(
        "A text must be valid Unicode. Received: half of a surrogate pair in "
    )


def test_a_little_text_is_cut_without_tensorflow():
    program = """
import sys
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
assert Tokenizer(Vocabulary((*LEADING_TOKENS, "a"))).encode(["a"])[0].tolist() == [104]
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_much_text_is_cut_by_tensorflow_text(monkeypatch):
    monkeypatch.setattr(wordpiece, "SLOW_CHARACTERS", 5)
    tokenizer = Tokenizer(Vocabulary((*LEADING_TOKENS, "a", "##b")))
    for is_loaded in (False, True):
        assert tokenizer.encode(["ab a"])[0].tolist() == [104, 105, 104]
        assert ("_fast" in vars(tokenizer)) == is_loaded


def test_much_text_is_cut_alike_where_there_is_no_tensorflow_text(monkeypatch):
    monkeypatch.setattr(wordpiece, "SLOW_CHARACTERS", 0)
    monkeypatch.setattr(wordpiece.importlib.util, "find_spec", lambda name: None)
    tokenizer = Tokenizer(Vocabulary((*LEADING_TOKENS, "a", "##b")))
    assert tokenizer.encode(["ab a"])[0].tolist() == [104, 105, 104]
    assert tokenizer.find_cut_otherwise(["ab a"]) == []


def test_texts_that_tensorflow_text_alone_cuts_otherwise_are_found():
    token = MatchedToken(len(LEADING_TOKENS), "<at>")
    words = ("<at>", "straße", "strasse", "sea", "…", ".", "<", "at", ">")
    tokenizer = Tokenizer(Vocabulary((*LEADING_TOKENS, *words), matched=(token,)))
    texts = ["sea", "straße", "…", "sea <at>", "naïve", "sea at"]
    assert tokenizer.find_cut_otherwise(texts) == [1, 2, 3]
