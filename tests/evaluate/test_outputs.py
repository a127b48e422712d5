"""What outputs mean, by kind."""

import numpy as np
import pytest

from mbert_cli.evaluate.outputs import ACTIVATIONS, sigmoid
from mbert_cli.examples.options import TaskKind
from mbert_cli.losses.tasks import TASK_LOSSES
from mbert_cli.model.heads import TASK_HEADS
from mbert_cli.tasks.encoding import _ENCODERS
from mbert_cli.tasks.scores import REPORTS
from mbert_cli.tflite.interpreter import OUTPUTS


def test_every_kind_of_task_has_a_place_in_every_table():
    kinds = set(TaskKind.__args__)
    for table in (ACTIVATIONS, OUTPUTS, TASK_LOSSES, TASK_HEADS, REPORTS, _ENCODERS):
        assert set(table) == kinds


def test_a_classification_returns_probabilities():
    outputs = ACTIVATIONS["classification"](np.log(np.array([[1.0, 3.0], [3.0, 1.0]], np.float32)) + 1000)
    np.testing.assert_allclose(outputs, [[0.25, 0.75], [0.75, 0.25]], rtol=1e-4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_logit_that_is_not_finite_makes_no_probability(value):
    outputs = ACTIVATIONS["classification"](np.array([[0.0, value], [0.0, 0.0]], np.float32))
    assert np.isnan(outputs[0]).any() and outputs[1].tolist() == [0.5, 0.5]


def test_several_labels_have_a_probability_each_however_large_the_logits():
    logits = np.array([-1000.0, -np.log(3.0), 0.0, np.log(3.0), 1000.0])
    np.testing.assert_allclose(sigmoid(logits), [0, 0.25, 0.5, 0.75, 1], atol=1e-12)
