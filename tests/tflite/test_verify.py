"""What a parity report says, and when it refuses an artifact."""

import numpy as np
import pytest

from mbert_cli.errors import RunError
from mbert_cli.evaluate.outputs import OUTPUT_KINDS
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.options import VerifyOptions
from mbert_cli.tflite.verify import VerifyReport, require_parity, verify


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    return float(np.mean(labels == predicted))


LABELS = OUTPUT_KINDS["classification"]


def report(**changes: float) -> VerifyReport:
    figures = {
        "examples": 400, "metric_keras": 0.93, "metric_artifact": 0.925, "disagreement_rate": 0.02,
        "max_difference": 0.125,
    }  # fmt: skip
    return VerifyReport(**(figures | changes))


def test_an_artifact_of_the_same_network_agrees(artifact_path, network, batch, keras_probabilities):
    expected = keras_probabilities(network, batch)
    labels = expected.argmax(axis=1)
    found = verify(Artifact(artifact_path), expected, [batch], labels, accuracy, LABELS, VerifyOptions())
    assert (found.examples, found.metric_keras, found.metric_artifact) == (6, 1.0, 1.0)
    assert found.disagreement_rate == 0.0
    assert 0.0 < found.max_difference < 1e-5


def test_differences_are_counted_over_real_rows_only(artifact_path, batch):
    artifact = Artifact(artifact_path)
    probabilities = artifact.predict(batch)
    partial = batch | {"example_weights": np.array([1, 1, 1, 1, 0, 0], np.float32)}
    expected = probabilities[:4].copy()
    expected[1] = np.roll(expected[1], 1)
    labels = expected.argmax(axis=1)
    found = verify(artifact, expected, [partial], labels, accuracy, LABELS, VerifyOptions())
    assert found == VerifyReport(
        examples=4,
        metric_keras=1.0,
        metric_artifact=0.75,
        disagreement_rate=0.25,
        max_difference=float(np.abs(expected[1] - probabilities[1]).max()),
    )


def test_no_more_examples_are_run_than_wanted(artifact_path, batch, network, keras_probabilities):
    expected = keras_probabilities(network, batch)
    twice, labels = np.concatenate([expected, expected]), np.zeros(12, int)
    options = VerifyOptions(max_examples=8)
    assert (
        verify(Artifact(artifact_path), twice, [batch, batch], labels, accuracy, LABELS, options).examples
        == 8
    )


def test_an_artifact_within_its_bounds_passes():
    require_parity(report(), VerifyOptions())
    require_parity(report(metric_artifact=0.99), VerifyOptions())


def test_losing_too_much_of_the_metric_is_refused_with_all_figures():
    with pytest.raises(RunError) as caught:
        require_parity(report(metric_artifact=0.9), VerifyOptions())
    assert caught.value.exit_code == 1
    assert caught.value.message == (
        "An artifact may lose 1.00% of the metric against the Keras run. Received: metric 90.00% against "
        "93.00%, 2.00% of the answers differ, largest difference 0.1250, on 400 examples."
    )
    assert caught.value.hint == (
        "Try another mode: --quantize float16 or --quantize float32; or allow more with "
        "--set export.verify.max_metric_loss=..."
    )


def test_predicting_other_labels_too_often_is_refused_with_all_figures():
    with pytest.raises(RunError) as caught:
        require_parity(report(disagreement_rate=0.05), VerifyOptions())
    assert caught.value.message == (
        "An artifact may predict 3.00% of the answers unlike the Keras run. Received: metric 92.50% against "
        "93.00%, 5.00% of the answers differ, largest difference 0.1250, on 400 examples."
    )
    assert caught.value.hint == (
        "Try another mode: --quantize float16 or --quantize float32; or allow more with "
        "--set export.verify.max_disagreement=..."
    )


def test_probabilities_that_are_not_finite_are_refused_whatever_the_bounds():
    with pytest.raises(RunError) as caught:
        require_parity(
            report(max_difference=float("nan")),
            VerifyOptions(max_metric_loss=1, max_disagreement=1),
        )
    assert caught.value.message == (
        "The outputs of an artifact are finite numbers. Received: metric 92.50% against 93.00%, "
        "2.00% of the answers differ, largest difference nan, on 400 examples."
    )
    assert caught.value.hint == "Try another mode: --quantize float16 or --quantize float32."
