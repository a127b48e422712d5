"""Does the artifact still say what the Keras run says?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mbert_cli.errors import RunError
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.options import VerifyOptions


class Answers(Protocol):
    """What the outputs of a task model mean; see `mbert_cli.evaluate.outputs`."""

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs (examples, labels) -> predictions (examples,)."""

    def differ(self, first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Whether the second outputs are another answer than the first, (examples,) bool."""


@dataclass(frozen=True)
class VerifyReport:
    """An artifact beside the Keras run it was made from, on the same examples; all are fractions, 0 to 1."""

    examples: int
    metric_keras: float
    metric_artifact: float
    disagreement_rate: float
    """Share of the examples for which the two give different answers."""
    max_difference: float
    """Largest difference of any output; NaN if the artifact returned one that is not finite."""


def verify(
    artifact: Artifact,
    keras_outputs: np.ndarray,
    batches: Iterable[Mapping[str, np.ndarray]],
    labels: np.ndarray,
    metric: Callable[[np.ndarray, np.ndarray], float],
    answers: Answers,
    options: VerifyOptions,
) -> VerifyReport:
    """Runs the artifact on the first `max_examples` examples.

    Args:
        artifact: What is verified.
        keras_outputs: (examples, labels), in the order of the batches.
        batches: Task batches; rows whose example_weights are 0 are fillers and dropped.
        labels: (examples,), the true label ids or numbers in the same order.
        metric: Of true and predicted ones, a fraction.
        answers: What the outputs mean.
        options: How many examples.
    """
    outputs = _predict(artifact, batches, options.max_examples)
    count = len(outputs)
    expected, labels = keras_outputs[:count], labels[:count]
    predicted_keras, predicted = answers.decide(expected), answers.decide(outputs)
    return VerifyReport(
        examples=count,
        metric_keras=metric(labels, predicted_keras),
        metric_artifact=metric(labels, predicted),
        disagreement_rate=float(np.mean(answers.differ(expected, outputs, labels))),
        max_difference=float(np.abs(expected - outputs).max()),
    )


def require_parity(report: VerifyReport, options: VerifyOptions) -> None:
    """Refuses an artifact that loses more than the recipe allows.

    Raises:
        RunError: With the figures, and the key of the bound that was missed.
    """
    if not np.isfinite(report.max_difference):
        key, rule = "", "The outputs of an artifact are finite numbers"
    elif report.metric_keras - report.metric_artifact > options.max_metric_loss:
        key = "max_metric_loss"
        rule = f"An artifact may lose {options.max_metric_loss:.2%} of the metric against the Keras run"
    elif report.disagreement_rate > options.max_disagreement:
        key = "max_disagreement"
        rule = f"An artifact may predict {options.max_disagreement:.2%} of the answers unlike the Keras run"
    else:
        return
    raise RunError(
        f"{rule}. Received: metric {report.metric_artifact:.2%} against {report.metric_keras:.2%}, "
        f"{report.disagreement_rate:.2%} of the answers differ, largest difference "
        f"{report.max_difference:.4f}, on {report.examples} examples.",
        "Try another mode: --quantize float16 or --quantize float32"
        + (f"; or allow more with --set export.verify.{key}=..." if key else "."),
    )


def _predict(
    artifact: Artifact, batches: Iterable[Mapping[str, np.ndarray]], max_examples: int
) -> np.ndarray:
    rows: list[np.ndarray] = []
    missing = max_examples
    for batch in batches:
        real = batch["example_weights"] > 0
        chosen = {name: values[real][:missing] for name, values in batch.items()}
        rows.append(artifact.predict(chosen))
        missing -= len(rows[-1])
        if not missing:
            break
    return np.concatenate(rows)
