"""Documents that repeat an earlier one."""

import importlib.util
import random

import numpy as np
import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import SIMILARITY, fingerprint_of
from mbert_cli.errors import UserError


def texts(*paragraphs: list[str]) -> list[Document]:
    return [Document(str(number), each) for number, each in enumerate(paragraphs)]


def are_new(kind: str, *batches: list[Document]) -> list[bool]:
    fingerprint = fingerprint_of(kind)
    finder = fingerprint.finder()
    return [bool(new) for batch in batches for new in finder.are_new(fingerprint.of(batch))]


def test_equal_paragraphs_are_exact_duplicates_and_nothing_else_is():
    documents = texts(["One.", "Two."], ["One.", "two."], ["One. Two."], ["One.", "Two."], [])
    assert are_new("exact", documents) == [True, True, True, False, True]


def test_a_duplicate_is_found_across_parts_and_the_first_one_stays():
    assert are_new("exact", texts(["a"], ["b"]), texts(["b"], ["c"], ["a"])) == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_texts_that_share_most_of_their_words_are_near_duplicates():
    pytest.importorskip("datasketch")
    words = [str(random.Random(0).randrange(10_000) + number) for number in range(400)]
    changed = [*words[:395], *["and", "now", "for", "something", "else"]]
    shuffled = random.Random(1).sample(words, len(words))
    documents = texts(
        [" ".join(words)], [" ".join(changed).upper()], [" ".join(shuffled)], ["short"], ["Short"]
    )
    assert are_new("near", documents) == [True, False, True, True, False]


def test_hardly_a_near_duplicate_is_missed_whose_sketch_says_that_it_is_one():
    pytest.importorskip("datasketch")
    generator = random.Random(0)
    firsts = [[str(generator.random()) for _ in range(200)] for _ in range(100)]
    seconds = [[*words[: 170 + number // 5], *reversed(words[:20])] for number, words in enumerate(firsts)]
    fingerprint = fingerprint_of("near")
    first, second = (
        fingerprint.of(texts(*([" ".join(words)] for words in side))) for side in (firsts, seconds)
    )
    is_near = (first == second).mean(axis=1) >= SIMILARITY
    finder = fingerprint.finder()
    assert finder.are_new(first).all()
    new = finder.are_new(second)
    assert 30 < is_near.sum() < 90
    assert new[~is_near].all()
    assert new[is_near].mean() < 0.1


def test_the_sketch_estimates_the_share_of_common_word_sequences():
    datasketch = pytest.importorskip("datasketch")
    assert datasketch.MinHash  # what computes it
    words = [f"w{number}" for number in range(504)]
    halves = texts([" ".join(words)], [" ".join(words[:252] + ["x"] * 252)])
    first, second = fingerprint_of("near").of(halves)
    common = 248 / (
        500 + 253 - 248
    )  # sequences of five words: 248 of the first half; 500, and 253 different ones
    assert abs(np.mean(first == second) - common) < 0.15 < SIMILARITY


def test_near_duplicates_need_a_package(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "datasketch" else find(name)
    )
    assert fingerprint_of(None) is None and fingerprint_of("exact") is not None
    with pytest.raises(UserError) as caught:
        fingerprint_of("near")
    assert caught.value.message == (
        "corpus.deduplicate=near needs the package datasketch. Received: an environment without it"
    )
