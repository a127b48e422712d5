"""Losses of task models in closed form."""

import numpy as np
import pytest

from mbert_cli.losses.loss import measure
from mbert_cli.losses.tasks import TASK_LOSSES


def values(
    name: str, logits: np.ndarray, batch: dict, class_weights=None, focal_gamma=0.0
) -> dict[str, float]:
    loss = TASK_LOSSES[name]
    if class_weights is not None or focal_gamma:
        loss = loss.with_factors(class_weights, focal_gamma)
    return {name: float(v) for name, v in measure(loss.losses, {"logits": logits}, batch).items()}


def test_classification_is_the_mean_over_rows_that_count():
    logits = np.log(np.array([[1, 3], [3, 1], [1, 1]], np.float32))
    batch = {"labels": np.array([1, 1, 0], np.int32), "example_weights": np.array([1, 1, 0], np.float32)}
    expected = {"cross_entropy": -(np.log(0.75) + np.log(0.25)) / 2, "accuracy": 0.5}
    assert values("cross_entropy", logits, batch) == pytest.approx(expected)


def test_regression_is_the_mean_squared_error_over_rows_that_count():
    logits = np.array([[1.0], [5.0], [9.0]], np.float32)
    batch = {"labels": np.array([2, 2, 0], np.float32), "example_weights": np.array([1, 1, 0], np.float32)}
    assert values("mean_squared_error", logits, batch) == {"mean_squared_error": pytest.approx(5.0)}


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
    found = values("answer_span", logits, batch)
    assert found == pytest.approx({"answer_span": (first + second) / 2, "exact_span": 0.5}, rel=1e-5)


def test_filler_rows_of_answer_spans_do_not_count():
    logits, batch = span_batch(4)
    batch["example_weights"] = np.array([1, 0], np.float32)
    assert values("answer_span", logits, batch)["exact_span"] == 1.0


def test_class_weights_and_focus_multiply_each_example_s_cross_entropy():
    logits = np.log(np.array([[1, 3], [1, 1], [9, 1]], np.float32))
    batch = {"labels": np.array([1, 0, 0], np.int32), "example_weights": np.ones(3, np.float32)}
    losses = -np.log([0.75, 0.5, 0.9])
    weights = np.array([0.5, 2.0, 2.0])
    found = values("cross_entropy", logits, batch, class_weights=[2.0, 0.5])
    assert found["cross_entropy"] == pytest.approx(np.mean(weights * losses))
    found = values("cross_entropy", logits, batch, focal_gamma=2.0)
    assert found["cross_entropy"] == pytest.approx(np.mean(np.array([0.25, 0.5, 0.1]) ** 2 * losses))


def test_several_labels_are_the_mean_of_their_binary_cross_entropies():
    logits = np.log(np.array([[3, 1], [1 / 3, 9]], np.float32))  # probabilities 0.75 0.5, 0.25 0.9
    batch = {"labels": np.array([[1, 0], [1, 1]], np.float32), "example_weights": np.ones(2, np.float32)}
    losses = -np.log([[0.75, 0.5], [0.25, 0.9]])
    found = values("binary_cross_entropy", logits, batch)
    assert found == pytest.approx({"binary_cross_entropy": losses.mean(), "exact_labels": 0.5})
    found = values("binary_cross_entropy", logits, batch, class_weights=[2.0, 3.0], focal_gamma=1.0)
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
    assert values("token_cross_entropy", logits, batch) == pytest.approx(expected)


@pytest.mark.parametrize("length", [3, 8])
def test_the_length_of_a_batch_does_not_change_a_loss_of_tokens(length):
    logits = np.full((1, length, 2), 30.0, np.float32)
    logits[0, :3] = np.log([[1, 3], [1, 1], [9, 1]])
    batch = {name: np.zeros((1, length), np.float32) for name in ("labels", "label_weights")}
    batch["labels"] = batch["labels"].astype(np.int32)
    batch["labels"][0, 0], batch["label_weights"][0, :2] = 1, 1
    expected = {"token_cross_entropy": -(np.log(0.75) + np.log(0.5)) / 2, "token_accuracy": 1.0}
    assert values("token_cross_entropy", logits, batch) == pytest.approx(expected, rel=1e-5)


def test_factors_are_those_of_the_loss_that_is_minimised_alone():
    loss = TASK_LOSSES["cross_entropy"]
    weighted = loss.with_factors([2.0, 0.5], 0.0)
    assert (loss.minimized, list(weighted.losses)) == ("cross_entropy", ["cross_entropy", "accuracy"])
    assert weighted.losses["accuracy"] is loss.losses["accuracy"]
    labels = {"labels": np.array([0, 0, 0, 1], np.int32)}
    np.testing.assert_allclose(loss.constant_logits(labels)[0], np.log([0.75, 0.25]))
    np.testing.assert_allclose(weighted.constant_logits(labels)[0], np.log([6 / 6.5, 0.5 / 6.5]))


def test_the_weights_of_examples_are_the_padding_of_every_loss_but_that_of_tokens():
    weighted_by = {
        name: {loss.weighted_by for loss in row.losses.values()} for name, row in TASK_LOSSES.items()
    }
    assert weighted_by.pop("token_cross_entropy") == {"label_weights"}
    assert set(map(frozenset, weighted_by.values())) == {frozenset({"example_weights"})}
