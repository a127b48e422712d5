"""Batches of a task are a function of (seed, step) and lose no example."""

import numpy as np
import pytest

from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

VOCABULARY = Vocabulary((*RESERVED, *"abcdefghij"))
CLS, SEP = VOCABULARY.cls_id, VOCABULARY.sep_id
LETTERS = list("abcdefghij")


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(VOCABULARY)


def singles(count: int) -> Examples:
    return Examples(LETTERS[:count], None, np.arange(count, dtype=np.int32))


def test_every_epoch_has_every_example_once_in_an_order_of_its_own(tokenizer):
    batches = TaskBatches(TextRows(singles(10), tokenizer, 4), batch_size=4, seed=1)
    assert batches.steps_per_epoch == 3
    orders = []
    for epoch in range(2):
        order = []
        for step in range(3 * epoch, 3 * epoch + 3):
            batch = batches(step)
            real = batch["example_weights"] == 1
            order += batch["labels"][real].tolist()
            letters = [VOCABULARY.tokens[i] for i in batch["token_ids"][real, 1]]
            assert letters == [LETTERS[i] for i in batch["labels"][real]]
        assert sorted(order) == list(range(10))
        orders.append(order)
    assert orders[0] != orders[1]


def test_a_step_gives_the_same_batch_whatever_came_before(tokenizer):
    one = TaskBatches(TextRows(singles(10), tokenizer, 4), batch_size=4, seed=1)
    other = TaskBatches(TextRows(singles(10), tokenizer, 4), batch_size=4, seed=1)
    for step in range(7):
        one(step)
    for key, array in other(2).items():
        np.testing.assert_array_equal(array, one(2)[key])
    seeds = [
        TaskBatches(TextRows(singles(10), tokenizer, 4), 10, seed=s)(0)["labels"].tolist() for s in (1, 2)
    ]
    assert seeds[0] != seeds[1]


def test_last_batch_is_filled_with_examples_of_weight_zero(tokenizer):
    batches = list(TaskBatches(TextRows(singles(3), tokenizer, 4), batch_size=2, seed=0).in_order())
    np.testing.assert_array_equal(batches[1]["example_weights"], [1, 0])
    np.testing.assert_array_equal(batches[1]["labels"], [2, 2])
    np.testing.assert_array_equal(batches[1]["token_ids"][0], batches[1]["token_ids"][1])
    assert set(batches[0]) == {"token_ids", "segment_ids", "padding_mask", "labels", "example_weights"}
    assert batches[0]["labels"].dtype == np.int32 and batches[0]["example_weights"].dtype == np.float32


def texts_of(lengths) -> Examples:
    """Examples with that many tokens, special tokens not counted, labelled with their place."""
    return Examples(
        [" ".join(["a"] * length) for length in lengths], None, np.arange(len(lengths), dtype=np.int32)
    )


def test_a_batch_is_as_long_as_its_longest_example_and_a_column_of_padding(tokenizer):
    examples = texts_of([3, 14, 15, 22, 23, 60, 90])
    batches = TaskBatches(TextRows(examples, tokenizer, 40), batch_size=1, seed=0, dynamic_length=True)
    assert [batch["token_ids"].shape[1] for batch in batches.in_order()] == [16, 24, 24, 32, 32, 40, 40]
    assert batches.rows.cut == "2 of 7 examples are longer than 40 tokens and lose their end"


def test_every_example_comes_once_an_epoch_in_batches_of_like_length(tokenizer):
    lengths = np.random.default_rng(0).integers(1, 60, 1000)
    batches = TaskBatches(
        TextRows(texts_of(lengths), tokenizer, 64), batch_size=8, seed=3, dynamic_length=True
    )
    epoch = [batches(step) for step in range(batches.steps_per_epoch)]
    assert sorted(np.concatenate([batch["labels"] for batch in epoch])) == list(range(1000))
    spans = [np.ptp(lengths[batch["labels"]]) for batch in epoch]
    assert np.median(spans) <= 3  # the epoch has lengths from 1 to 59
    first = [batch["token_ids"].shape[1] for batch in epoch[:40]]
    assert first != sorted(first)  # short and long batches alternate


def test_the_order_of_batches_of_like_length_follows_from_seed_and_step(tokenizer):
    def make(seed: int) -> TaskBatches:
        return TaskBatches(TextRows(texts_of(range(1, 50)), tokenizer, 64), 4, seed, dynamic_length=True)

    whole = [make(0)(step)["labels"].tolist() for step in range(26)]
    late = make(0)
    assert [late(step)["labels"].tolist() for step in range(15, 26)] == whole[15:]
    assert [make(1)(step)["labels"].tolist() for step in range(26)] != whole
    assert whole[:13] != whole[13:]


def test_padding_to_another_length_changes_nothing_else(tokenizer):
    examples = texts_of([3, 9, 13])
    short, whole = (
        next(TaskBatches(TextRows(examples, tokenizer, 64), 3, 0, dynamic_length=dynamic).in_order())
        for dynamic in (True, False)
    )
    assert short["token_ids"].shape == (3, 16)
    for name in ("token_ids", "segment_ids", "padding_mask"):
        np.testing.assert_array_equal(short[name], whole[name][:, :16])
        assert not whole[name][:, 16:].any()


@pytest.mark.parametrize(
    ("dynamic", "step", "lengths"),
    [(True, 1, [64, 63, 53, 31, 12, 4]), (True, 16, [64, 64, 64, 32, 16, 16]), (False, 1, [64] * 6)],
)
def test_answers_come_in_the_order_of_the_examples_from_batches_of_like_length(
    tokenizer, dynamic, step, lengths
):
    examples = texts_of([3, 60, 9, 41, 13, 60, 28, 50, 1, 70, 60])
    batches = TaskBatches(TextRows(examples, tokenizer, 64), 2, dynamic_length=dynamic)
    seen = []

    def predict(parts):
        parts = list(parts)
        seen.extend(part["token_ids"].shape[1] for part in parts)
        return np.concatenate([part["labels"][part["example_weights"] > 0] for part in parts])

    np.testing.assert_array_equal(batches.outputs(predict, step), np.arange(11))
    assert seen == lengths


def test_a_few_examples_make_a_batch_without_fillers(tokenizer):
    batches = TaskBatches(TextRows(texts_of([3, 5]), tokenizer, 64), 32, dynamic_length=True)
    shapes = []
    batches.outputs(lambda parts: np.array([shapes.append(part["token_ids"].shape) for part in parts] * 2))
    assert shapes == [(2, 8)]  # 5 and both marks, and a column of padding


@pytest.mark.parametrize("dynamic_length", [False, True])
def test_shards_are_rows_of_the_same_batch_as_long_as_all_of_them(tokenizer, dynamic_length):
    rows = TextRows(texts_of([3, 4, 5, 30, 5, 6, 7]), tokenizer, 40)
    batches = TaskBatches(rows, batch_size=4, seed=0, dynamic_length=dynamic_length)
    parts = [batches.shard(index, 2) for index in range(2)]
    for step in range(4):
        whole = batches(step)
        for key, array in whole.items():
            np.testing.assert_array_equal(np.concatenate([part(step)[key] for part in parts]), array)
