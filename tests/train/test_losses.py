"""Losses of task models in closed form."""

import numpy as np
import pytest

from mbert_cli.train.losses import (
    WEIGHTED_BY,
    answer_span_losses,
    classification_losses,
    regression_losses,
)


def values(losses: dict) -> dict[str, float]:
    assert set(losses) <= set(WEIGHTED_BY)
    return {name: float(value) for name, value in losses.items()}


def test_classification_is_the_mean_over_rows_that_count():
    logits = np.log(np.array([[1, 3], [3, 1], [1, 1]], np.float32))
    batch = {"labels": np.array([1, 1, 0], np.int32), "example_weights": np.array([1, 1, 0], np.float32)}
    expected = {"cross_entropy": -(np.log(0.75) + np.log(0.25)) / 2, "accuracy": 0.5}
    assert values(classification_losses({"logits": logits}, batch)) == pytest.approx(expected)


def test_regression_is_the_mean_squared_error_over_rows_that_count():
    logits = np.array([[1.0], [5.0], [9.0]], np.float32)
    batch = {"labels": np.array([2, 2, 0], np.float32), "example_weights": np.array([1, 1, 0], np.float32)}
    assert values(regression_losses({"logits": logits}, batch)) == {"mean_squared_error": pytest.approx(5.0)}


def span_batch(length: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Two rows of three tokens and padding, whose padding has the largest logits."""
    logits = np.full((2, length, 2), 50.0, np.float32)
    logits[0, :3] = np.log([[1, 1], [6, 1], [1, 2]])
    logits[1, :3] = np.log([[2, 1], [1, 1], [1, 6]])
    batch = {
        "start_positions": np.array([1, 1], np.int32),
        "end_positions": np.array([2, 2], np.int32),
        "padding_mask": np.tile((np.arange(length) < 3).astype(np.int32), (2, 1)),
        "example_weights": np.ones(2, np.float32),
    }
    return logits, batch


@pytest.mark.parametrize("length", [4, 9])
def test_an_answer_span_is_the_mean_of_both_cross_entropies_without_padding(length):
    logits, batch = span_batch(length)
    first = -(np.log(6 / 8) + np.log(2 / 4)) / 2
    second = -(np.log(1 / 4) + np.log(6 / 8)) / 2
    found = values(answer_span_losses({"logits": logits}, batch))
    assert found == pytest.approx({"answer_span": (first + second) / 2, "exact_span": 0.5}, rel=1e-5)


def test_filler_rows_of_answer_spans_do_not_count():
    logits, batch = span_batch(4)
    batch["example_weights"] = np.array([1, 0], np.float32)
    assert values(answer_span_losses({"logits": logits}, batch))["exact_span"] == 1.0
