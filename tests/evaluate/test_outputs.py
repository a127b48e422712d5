"""What outputs mean, by kind."""

import numpy as np

from mbert_cli.data.options import TaskKind
from mbert_cli.evaluate.outputs import OUTPUT_KINDS
from mbert_cli.tflite.interpreter import OUTPUTS
from mbert_cli.train.losses import TASK_LOSSES, WEIGHTED_BY


def test_every_kind_of_task_has_a_loss_outputs_and_a_name_in_the_artifact():
    kinds = set(TaskKind.__args__)
    assert set(OUTPUT_KINDS) == set(OUTPUTS) == set(TASK_LOSSES) == kinds
    assert all(name in WEIGHTED_BY for loss in TASK_LOSSES.values() for name in loss.loss_weights)


def test_a_classification_answers_with_the_likeliest_label():
    kind = OUTPUT_KINDS["classification"]
    outputs = kind.activate(np.log(np.array([[1.0, 3.0], [3.0, 1.0]], np.float32)) + 1000)
    np.testing.assert_allclose(outputs, [[0.25, 0.75], [0.75, 0.25]], rtol=1e-4)
    assert kind.decide(outputs).tolist() == [1, 0]
    first = np.array([[0.2, 0.8], [0.8, 0.2], [0.5002, 0.4998]])
    second = np.array([[0.4, 0.6], [0.4, 0.6], [0.4998, 0.5002]])  # the same, another, a tie
    assert kind.differ(first, second, np.zeros(3)).tolist() == [False, True, False]


def test_a_regression_answers_with_its_number():
    kind, labels = OUTPUT_KINDS["regression"], np.array([0.0, 5.0])
    outputs = kind.activate(np.array([[2.0], [4.0]], np.float32))
    assert kind.decide(outputs).tolist() == [2.0, 4.0]
    assert kind.differ(outputs, np.array([[2.09], [4.11]]), labels).tolist() == [False, True]
