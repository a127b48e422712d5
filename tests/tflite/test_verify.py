"""What a parity report says, and when it refuses an artifact."""

import numpy as np
import pytest

from mbert_cli.errors import RunError
from mbert_cli.evaluate.judges import LabelJudge
from mbert_cli.evaluate.similarity_judge import SimilarityJudge
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.options import VerifyOptions
from mbert_cli.tflite.verify import Remedy, VerifyReport, missed_bound, require_parity, verify


def report(**changes: float) -> VerifyReport:
    figures = {
        "examples": 400, "metric_keras": 0.93, "metric_artifact": 0.925, "disagreement_rate": 0.02,
        "max_difference": 0.125,
    }  # fmt: skip
    return VerifyReport(**(figures | changes))


def test_an_artifact_of_the_same_network_agrees(artifact_path, network, batch, keras_probabilities):
    expected = keras_probabilities(network, batch)
    judge = LabelJudge(expected.argmax(axis=1), ("accuracy",))
    found = verify(expected, Artifact(artifact_path).predict(batch), judge)
    assert (found.examples, found.metric_keras, found.metric_artifact) == (6, 1.0, 1.0)
    assert found.disagreement_rate == 0.0
    assert 0.0 < found.max_difference < 1e-5


def test_what_differs_is_counted_and_scored():
    artifact = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    expected = artifact.copy()
    expected[1] = [0.8, 0.2]
    found = verify(expected, artifact, LabelJudge(expected.argmax(axis=1), ("accuracy",)))
    assert found == VerifyReport(
        examples=4,
        metric_keras=1.0,
        metric_artifact=0.75,
        disagreement_rate=0.25,
        max_difference=pytest.approx(0.6),
    )


def test_without_a_truth_the_score_is_the_share_on_which_both_agree():
    expected = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    artifact = expected.copy()
    artifact[3] = [0.4, 0.6]
    meaningless = LabelJudge(np.zeros(4, np.int32), ("accuracy",))
    found = verify(expected, artifact, meaningless, has_truth=False)
    assert (found.metric_keras, found.metric_artifact, found.disagreement_rate) == (1.0, 0.75, 0.25)


def test_an_artifact_within_its_bounds_passes():
    require_parity(report(), VerifyOptions())
    require_parity(report(metric_artifact=0.99), VerifyOptions())


def test_losing_too_much_of_the_metric_is_refused_with_all_figures():
    with pytest.raises(RunError) as caught:
        require_parity(report(metric_artifact=0.9), VerifyOptions())
    assert caught.value.exit_code == 1
    assert caught.value.message == (
        "An artifact may lose 1.00% of the metric against the Keras run. Received: 3.00% lost, metric 90.00% against "
        "93.00%, 2.00% of the answers differ, largest difference 0.1250, on 400 examples."
    )
    assert caught.value.hint == (
        "Try another mode: --quantize float16 or --quantize float32; or to allow more: "
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
        "Try another mode: --quantize float16 or --quantize float32; or to allow more: "
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
    assert caught.value.hint == "Try another mode: --quantize float16 or --quantize float32"


def test_vectors_are_compared_by_their_cosines_too():
    judge = SimilarityJudge(np.zeros(2), False, ("spearman",))
    keras_outputs = np.array([[1.0, 0.0], [0.0, 1.0]])
    report = verify(
        keras_outputs, np.array([[2.0, 0.0], [1.0, 1.0]]), judge, has_truth=False, are_vectors=True
    )
    assert (report.disagreement_rate, report.metric_artifact) == (0.5, 0.5)
    assert report.lowest_cosine == pytest.approx(0.5**0.5)
    assert report.mean_cosine == pytest.approx((1 + 0.5**0.5) / 2)
    assert verify(keras_outputs, keras_outputs, judge, has_truth=False).lowest_cosine is None


def test_the_bound_that_is_missed_has_its_key():
    assert missed_bound(report(), VerifyOptions()) is None
    assert missed_bound(report(metric_artifact=0.9), VerifyOptions()) == "max_metric_loss"
    assert missed_bound(report(disagreement_rate=0.05), VerifyOptions()) == "max_disagreement"
    assert missed_bound(report(max_difference=float("inf")), VerifyOptions()) == "finite"


def test_what_was_tried_and_what_to_try_is_said():
    remedy = Remedy(("encoder/layer_05/feed_forward_0/output 0.0330",), 1, ("--quantize dynamic_int8",))
    with pytest.raises(RunError) as caught:
        require_parity(report(disagreement_rate=0.05), VerifyOptions(), remedy)
    assert caught.value.message.endswith(
        "on 400 examples. The worst layers alone change the outputs by: "
        "encoder/layer_05/feed_forward_0/output 0.0330. 1 of them in higher precision did not suffice."
    )
    assert caught.value.hint == (
        "Try --quantize dynamic_int8; or to allow more: --set export.verify.max_disagreement=..."
    )
