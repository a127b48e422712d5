"""Batches on their way into `fit`."""

import threading

import pytest

from mbert_cli.train.feed import Feed, Prefetcher


def test_batches_come_in_order_and_each_is_computed_once():
    asked = []

    def batch_at(step: int) -> dict:
        asked.append(step)
        return {"step": step}

    batches = Prefetcher(batch_at, end=10)
    assert [batches(step)["step"] for step in range(4, 10)] == [4, 5, 6, 7, 8, 9]
    batches.close()
    assert asked == [4, 5, 6, 7, 8, 9]


def test_the_next_batch_is_computed_while_a_step_runs():
    computed = threading.Event()

    def batch_at(step: int) -> dict:
        if step == 1:
            computed.set()
        return {}

    batches = Prefetcher(batch_at, end=10)
    batches(0)
    assert computed.wait(timeout=5)
    batches.close()


def test_an_error_in_a_batch_is_raised_where_the_batch_is_asked_for():
    def batch_at(step: int) -> dict:
        if step == 2:
            raise ZeroDivisionError("no example is left")
        return {}

    batches = Prefetcher(batch_at, end=10)
    assert [batches(0), batches(1)] == [{}, {}]
    with pytest.raises(ZeroDivisionError, match="no example is left"):
        batches(2)
    batches.close()


def test_a_feed_yields_batches_of_its_steps_as_inputs_without_targets():
    feed = Feed(lambda step: {"step": step}, range(3, 5))
    assert feed.num_batches == 2
    assert list(feed.get_numpy_iterator()) == [({"step": 3},), ({"step": 4},)]
    assert list(feed.get_tf_dataset()) == [({"step": 3},), ({"step": 4},)]
