"""What logits become."""

import numpy as np
import pytest

from mbert_cli.evaluate.outputs import OUTPUT_ACTIVATIONS


def test_softmax_returns_probabilities():
    outputs = OUTPUT_ACTIVATIONS["softmax"](np.log(np.array([[1.0, 3.0], [3.0, 1.0]], np.float32)) + 1000)
    np.testing.assert_allclose(outputs, [[0.25, 0.75], [0.75, 0.25]], rtol=1e-4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_logit_that_is_not_finite_makes_no_probability(value):
    outputs = OUTPUT_ACTIVATIONS["softmax"](np.array([[0.0, value], [0.0, 0.0]], np.float32))
    assert np.isnan(outputs[0]).any() and outputs[1].tolist() == [0.5, 0.5]


def test_several_labels_have_a_probability_each_however_large_the_logits():
    logits = np.array([-1000.0, -np.log(3.0), 0.0, np.log(3.0), 1000.0])
    np.testing.assert_allclose(OUTPUT_ACTIVATIONS["sigmoid"](logits), [0, 0.25, 0.5, 0.75, 1], atol=1e-12)


@pytest.mark.parametrize("activation", OUTPUT_ACTIVATIONS)
def test_outputs_are_of_the_type_of_the_logits(activation):
    assert OUTPUT_ACTIVATIONS[activation](np.zeros((2, 3), np.float32)).dtype == np.float32


def test_a_vector_of_unit_length_keeps_its_direction_and_one_of_none_stays():
    outputs = OUTPUT_ACTIVATIONS["unit_length"](np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(outputs, [[0.6, 0.8], [0, 0]], rtol=1e-6)
