"""What losses are made of, in closed form."""

import numpy as np
import pytest
from keras import ops

from mbert_cli.losses.loss import (
    Loss,
    cross_entropy,
    is_correct,
    measure,
    weighted_mean,
    weighted_mean_of_parts,
)
from mbert_cli.losses.tinybert import SCORE_LOSSES, TINYBERT_HIDDEN_LOSSES, relation_losses
from mbert_cli.losses.transfer import ATTENTION_LOSSES, HIDDEN_LOSSES


def test_a_weighted_mean_is_that_of_numpy():
    values, weights = np.array([[1.0, 2.0], [4.0, 8.0]], "float32"), np.array([[3, 1], [0, 4]])
    assert float(weighted_mean(values, weights)) == pytest.approx((3 * 1 + 2 + 4 * 8) / 8)
    assert float(weighted_mean(values, weights)) == pytest.approx(np.average(values, weights=weights))


def test_the_mean_over_a_batch_follows_from_those_over_its_parts():
    values, weights = np.array([1.0, 2.0, 4.0, 8.0], "float32"), np.array([3.0, 1.0, 0.0, 0.0])
    means = [weighted_mean(values[part], weights[part]) for part in (slice(0, 1), slice(1, 2), slice(2, 4))]
    assert (
        float(weighted_mean_of_parts(means, [3.0, 1.0, 0.0])) == float(weighted_mean(values, weights)) == 1.25
    )
    assert float(weighted_mean_of_parts(means, [0.0, 0.0, 0.0])) == 0.0


def test_without_weights_all_values_count_the_same():
    values = np.array([1.0, 2.0, 6.0], "float32")
    assert float(weighted_mean(values)) == float(weighted_mean(values, np.ones(3))) == 3.0


def test_a_weighted_mean_of_no_weight_is_zero():
    assert float(weighted_mean(np.ones(3, "float32"), np.zeros(3))) == 0.0


def test_cross_entropy_is_the_negative_logarithm_of_the_true_class_s_probability():
    logits = np.log(np.array([[[1, 3], [9, 1]]], "float32")) + 5
    np.testing.assert_allclose(cross_entropy(logits, np.array([[1, 0]])), -np.log([[0.75, 0.9]]), rtol=1e-5)


def test_bfloat16_logits_are_compared_in_float32():
    losses = cross_entropy(ops.zeros((1, 3), "bfloat16"), np.array([2]))
    assert ops.dtype(losses) == "float32"
    np.testing.assert_allclose(losses, [np.log(3)], rtol=1e-6)


def test_what_is_most_likely_is_correct_or_not():
    logits = np.array([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]], "float32")
    np.testing.assert_array_equal(is_correct(logits, np.array([1, 2])), [1.0, 0.0])


def test_each_loss_of_a_table_is_given_the_weights_that_it_names():
    table = {
        "sum": Loss(lambda outputs, batch, weights: outputs["x"] * batch["y"] * weights, "factor"),
        "plain": Loss(lambda outputs, batch, weights: (outputs["x"], weights), None),
    }
    assert measure(table, {"x": 2}, {"y": 3, "factor": 5}) == {"sum": 30, "plain": (2, None)}


@pytest.mark.parametrize(
    "losses", [TINYBERT_HIDDEN_LOSSES, SCORE_LOSSES, relation_losses(2), HIDDEN_LOSSES, ATTENTION_LOSSES]
)
def test_rows_that_only_fill_up_a_batch_change_no_loss_of_layers(losses):
    random = np.random.default_rng(0)
    batch = {
        "padding_mask": np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]),
        "example_weights": np.array([1, 1, 0, 0], "float32"),
    }
    real = {name: values[:2] for name, values in batch.items()}
    for name, loss in losses.items():
        shape = (4, 2, 4, 4) if name in SCORE_LOSSES | ATTENTION_LOSSES else (4, 4, 8)
        sides = [random.normal(size=shape).astype("float32") for _ in range(2)]
        some = [values[:2] for values in sides]
        if name == "attention_relations":
            sides, some = [[values] * 3 for values in sides], [[values] * 3 for values in some]
        expected = float(loss.function(*some, loss.weights(real)))
        assert float(loss.function(*sides, loss.weights(batch))) == pytest.approx(expected, rel=1e-6)
        assert expected > 0.01
