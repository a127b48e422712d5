"""The sentences of a token store, in blocks."""

import numpy as np
import pytest

from mbert_cli.augment import sentence_blocks
from mbert_cli.augment.sentence_blocks import SentenceBlocks
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store import TokenStore
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from tests.corpus.store_writing import write_store

VOCABULARY = Vocabulary(
    (*LEADING_TOKENS, "cats", "sle", "##ep", "dri", "##ve", "the", ".", "7", "fast", "a", "##b")
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> TokenStore:
    """Some documents of three sentences, twelve texts several times each, of which a few are held out."""
    folder = tmp_path_factory.mktemp("store")
    words = ("cats", "the", "fast")
    documents = [
        Document(str(number), [f"The cats sleep. {words[number % 3]} drive 7 fast. 7{' 7' * (number % 4)}."])
        for number in range(90)
    ]
    write_store(folder, iter(documents), VOCABULARY, StoreOptions(validation_share=0.2))
    return TokenStore(folder)


def all_sentences(store, max_tokens=None) -> list[tuple[str, ...]]:
    blocks = SentenceBlocks(store, max_tokens)
    return [tuple(sentence) for block in range(len(blocks)) for sentence in blocks.sentences(block)]


def test_sentences_are_words_put_together_without_numbers_and_marks(store):
    found = all_sentences(store)
    assert set(found) == {
        ("the", "cats", "sleep"), ("cats", "drive", "fast"), ("the", "drive", "fast"), ("fast", "drive", "fast"),
    }  # fmt: skip
    assert len(found) == 2 * np.count_nonzero(~store.held_out)
    assert 0 < np.count_nonzero(store.held_out) < 90


@pytest.mark.parametrize("size", [1, 7, 64])
def test_blocks_hold_every_sentence_once_and_in_order(store, monkeypatch, size):
    whole = all_sentences(store)
    monkeypatch.setattr(sentence_blocks, "SENTENCE_BLOCK_TOKENS", size)
    assert all_sentences(store) == whole
    assert SentenceBlocks(store).tokens == store.report.tokens


def test_fewer_tokens_come_from_blocks_that_are_spread_evenly(store, monkeypatch):
    monkeypatch.setattr(sentence_blocks, "SENTENCE_BLOCK_TOKENS", 40)
    blocks = SentenceBlocks(store, 200)
    assert len(blocks) == 5
    assert abs(blocks.tokens - 200) < 5 * store.report.longest_sentence
    firsts = blocks.first_sentences.tolist()
    assert firsts[0] == 0
    assert np.ptp(np.diff(firsts)) < 12
    assert len(SentenceBlocks(store, store.report.tokens)) == len(SentenceBlocks(store))


def test_a_few_tokens_are_one_block(store):
    blocks = SentenceBlocks(store, 20)
    assert len(blocks) == 1
    assert ["the", "cats", "sleep"] in blocks.sentences(0)
    assert blocks.tokens <= 20 + store.report.longest_sentence
