"""Labelled texts as rows: marks, segments, and what is cut."""

import numpy as np
import pytest

from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

VOCABULARY = Vocabulary((*RESERVED, *"abcdefghij"))
CLS, SEP = VOCABULARY.cls_id, VOCABULARY.sep_id


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(VOCABULARY)


def test_longer_text_of_a_pair_is_cut_first(tokenizer):
    examples = Examples(["a b c d e f"], ["g h"], np.zeros(1, np.int32))
    batches = TaskBatches(TextRows(examples, tokenizer, 8), batch_size=1, seed=0)
    batch, ids = batches(0), VOCABULARY.ids
    expected = [CLS, ids["a"], ids["b"], ids["c"], SEP, ids["g"], ids["h"], SEP]
    np.testing.assert_array_equal(batch["token_ids"], [expected])
    np.testing.assert_array_equal(batch["segment_ids"], [[0, 0, 0, 0, 0, 1, 1, 1]])
    assert batches.rows.cut == "1 of 1 example is longer than 8 tokens and loses its end"


def test_examples_that_lose_tokens_are_counted(tokenizer):
    examples = Examples(["a b c", "a b c d", "a"], None, np.zeros(3, np.int32))
    assert [TextRows(examples, tokenizer, length).cut for length in (4, 5, 6)] == [
        "2 of 3 examples are longer than 4 tokens and lose their end",
        "1 of 3 examples is longer than 5 tokens and loses its end",
        None,
    ]


def test_long_single_text_loses_its_end(tokenizer):
    examples = Examples(["a b c d e f"], None, np.zeros(1, np.int32))
    batch = TaskBatches(TextRows(examples, tokenizer, 4), batch_size=1, seed=0)(0)
    np.testing.assert_array_equal(batch["token_ids"], [[CLS, VOCABULARY.ids["a"], VOCABULARY.ids["b"], SEP]])


def test_batches_have_their_texts_where_these_are_kept(tokenizer):
    texts = ["a b", "é", "c"]
    rows = TextRows(Examples(texts, None, np.zeros(3, np.int32)), tokenizer, 6)
    assert "texts" not in rows.take(np.array([0]), 6)
    kept = rows.with_texts(texts).take(np.array([2, 1]), 6)["texts"]
    assert kept.tolist() == [b"c", "é".encode()]
