"""Ids come from the cache only where everything that shapes them is the same."""

from collections.abc import Sequence
from importlib import metadata

import numpy as np
import pytest

from mbert_cli.text import encoding_cache
from mbert_cli.text.encoding_cache import cache_folder, encode_cached
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

VOCABULARY = Vocabulary((*RESERVED, *"abc"))


class CountingTokenizer(Tokenizer):
    """Counts how often it was needed."""

    calls = 0

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        self.calls += 1
        return super().encode(texts)


@pytest.fixture(autouse=True)
def _small(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(encoding_cache, "MIN_CHARACTERS", 3)


@pytest.fixture
def tokenizer():
    return CountingTokenizer(VOCABULARY)


def test_the_same_texts_are_encoded_once(tokenizer):
    first, again = (encode_cached(tokenizer, ["a b", "c"]) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert tokenizer.calls == 1


def test_other_texts_other_cuts_and_other_vocabularies_are_encoded_anew(tokenizer):
    for texts in (["a b", "c"], ["a b", "b"], ["a ", "bc"], ["c", "a b"]):
        encode_cached(tokenizer, texts)
    assert tokenizer.calls == 4
    other = CountingTokenizer(Vocabulary((*RESERVED, *"acb")))
    encode_cached(other, ["a b", "c"])
    assert other.calls == 1


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_texts_are_encoded_some_at_a_time_with_the_same_ids(tokenizer, monkeypatch, at_once):
    texts = ["a b", "", "c a a", "b"]
    expected = tokenizer.encode(texts)
    key = encoding_cache._key(tokenizer, texts)
    monkeypatch.setattr(encoding_cache, "TEXTS_AT_ONCE", at_once)
    for one, other in zip(encode_cached(tokenizer, texts), expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert tokenizer.calls == 1 + -(-4 // at_once)
    assert encoding_cache._key(tokenizer, texts) == key


def test_few_texts_are_not_kept(tokenizer):
    encode_cached(tokenizer, ["a"])
    assert not cache_folder().exists()


def test_a_damaged_file_is_made_anew(tokenizer):
    expected, _ = encode_cached(tokenizer, ["a b", "c"])
    (file,) = cache_folder().iterdir()
    file.write_bytes(file.read_bytes()[:50])
    found, _ = encode_cached(tokenizer, ["a b", "c"])
    np.testing.assert_array_equal(found, expected)
    encode_cached(tokenizer, ["a b", "c"])
    assert tokenizer.calls == 2


def test_the_least_recently_used_go_when_there_are_too_many(tokenizer, monkeypatch):
    encode_cached(tokenizer, ["a b", "c"])
    (first,) = cache_folder().iterdir()
    monkeypatch.setattr(encoding_cache, "MAX_CACHE_BYTES", 1.5 * first.stat().st_size)
    encode_cached(tokenizer, ["c c", "c"])
    (second,) = cache_folder().iterdir()
    assert second != first


def test_a_folder_that_cannot_be_written_stops_nothing(tokenizer, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    encode_cached(tokenizer, ["a b", "c"])
    assert tokenizer.calls == 1


def test_without_a_place_for_caches_texts_are_encoded_each_time(tokenizer, monkeypatch):
    monkeypatch.setattr(encoding_cache, "own_cache", lambda name: None)
    for _ in range(2):
        encode_cached(tokenizer, ["a b", "c"])
    assert tokenizer.calls == 2


def test_texts_that_are_cut_as_by_a_client_have_a_place_of_their_own(tokenizer):
    encode_cached(tokenizer, ["É é", "c"])
    clients = CountingTokenizer(Vocabulary((*RESERVED, "É", "é")), "mediapipe")
    own = CountingTokenizer(Vocabulary((*RESERVED, "É", "é")))
    assert not np.array_equal(encode_cached(own, ["É é", "c"])[0], encode_cached(clients, ["É é", "c"])[0])
    assert (own.calls, clients.calls) == (1, 1)


def test_a_machine_without_tensorflow_keeps_ids_too(tokenizer, monkeypatch):
    def version(name: str) -> str:
        if name == "tensorflow-text":
            raise metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(metadata, "version", version)
    for _ in range(2):
        ids, _ = encode_cached(tokenizer, ["a b", "c"])
    assert ids.tolist() == [5, 6, 7]
    assert tokenizer.calls == 1
