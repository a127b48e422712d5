"""Losses of task models in closed form."""

import numpy as np
import pytest

from mbert_cli.losses.tasks import (
    WEIGHTED_BY,
    answer_span_losses,
    classification_losses,
    multi_label_losses,
    regression_losses,
    token_losses,
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


def test_class_weights_and_focus_multiply_each_example_s_cross_entropy():
    logits = np.log(np.array([[1, 3], [1, 1], [9, 1]], np.float32))
    batch = {"labels": np.array([1, 0, 0], np.int32), "example_weights": np.ones(3, np.float32)}
    losses = -np.log([0.75, 0.5, 0.9])
    weights = np.array([0.5, 2.0, 2.0])
    found = values(classification_losses({"logits": logits}, batch, class_weights=[2.0, 0.5]))
    assert found["cross_entropy"] == pytest.approx(np.mean(weights * losses))
    found = values(classification_losses({"logits": logits}, batch, focal_gamma=2.0))
    assert found["cross_entropy"] == pytest.approx(np.mean(np.array([0.25, 0.5, 0.1]) ** 2 * losses))


def test_several_labels_are_the_mean_of_their_binary_cross_entropies():
    logits = np.log(np.array([[3, 1], [1 / 3, 9]], np.float32))  # probabilities 0.75 0.5, 0.25 0.9
    batch = {"labels": np.array([[1, 0], [1, 1]], np.float32), "example_weights": np.ones(2, np.float32)}
    losses = -np.log([[0.75, 0.5], [0.25, 0.9]])
    found = values(multi_label_losses({"logits": logits}, batch))
    assert found == pytest.approx({"binary_cross_entropy": losses.mean(), "exact_labels": 0.5})
    found = values(multi_label_losses({"logits": logits}, batch, class_weights=[2.0, 3.0], focal_gamma=1.0))
    factors = np.array([[2, 1], [2, 3]]) * np.array([[0.25, 0.5], [0.75, 0.1]])
    assert found["binary_cross_entropy"] == pytest.approx((factors * losses).mean())


def test_only_tokens_with_a_label_count():
    logits = np.log(np.array([[[1, 3], [1, 1], [9, 1]]], np.float32))
    batch = {
        "labels": np.array([[1, 1, 0]], np.int32),
        "label_weights": np.array([[1, 0, 1]], np.float32),
        "example_weights": np.ones(1, np.float32),
    }
    expected = {"token_cross_entropy": -(np.log(0.75) + np.log(0.9)) / 2, "token_accuracy": 1.0}
    assert values(token_losses({"logits": logits}, batch)) == pytest.approx(expected)
