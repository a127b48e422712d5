"""Does the artifact still say what the Keras run says?"""

from dataclasses import dataclass

import numpy as np

from mbert_cli.errors import RunError
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.similarity_judge import cosines
from mbert_cli.figures import counted
from mbert_cli.tflite.options import VerifyOptions

AGREEMENT = "agreement"
"""What takes the place of the score where nobody knows the truth."""


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
    mean_cosine: float | None = None
    """Mean cosine of the two vectors of each text, for a model of vectors."""
    lowest_cosine: float | None = None
    """The lowest of these cosines."""


def verify(
    keras_outputs: np.ndarray,
    artifact_outputs: np.ndarray,
    judge: Judge,
    *,
    has_truth: bool = True,
    are_vectors: bool = False,
) -> VerifyReport:
    """Compares what a Keras run and its artifact say about the same examples.

    Args:
        keras_outputs: (rows, outputs) or (rows, length, outputs).
        artifact_outputs: The same for the artifact.
        judge: Tells whether two answers differ, and how good they are where the truth is known.
        has_truth: Whether it is known; else the metric is the share of the examples on which both agree.
        are_vectors: Whether the outputs are vectors of texts, whose direction counts.
    """
    others = judge.differ(keras_outputs, artifact_outputs)
    disagreement = float(np.mean(others))
    metrics = [1.0, 1.0 - disagreement]
    if has_truth:
        metrics = [judge.score(judge.decide(outputs)).value for outputs in (keras_outputs, artifact_outputs)]
    alike = cosines(keras_outputs, artifact_outputs) if are_vectors else None
    return VerifyReport(
        examples=len(others),
        metric_keras=metrics[0],
        metric_artifact=metrics[1],
        disagreement_rate=disagreement,
        max_difference=float(np.abs(keras_outputs - artifact_outputs).max()),
        mean_cosine=None if alike is None else float(alike.mean()),
        lowest_cosine=None if alike is None else float(alike.min()),
    )


def missed_bound(report: VerifyReport, options: VerifyOptions) -> str | None:
    """The key of the bound that an artifact misses, "finite" if its outputs are not finite, or None."""
    if not np.isfinite(report.max_difference):
        return "finite"
    if report.metric_keras - report.metric_artifact > options.max_metric_loss:
        return "max_metric_loss"
    if report.disagreement_rate > options.max_disagreement:
        return "max_disagreement"
    return None


@dataclass(frozen=True)
class Remedy:
    """What was tried to save an artifact, and what is left to try.

    Attributes:
        worst: Layers that do most of the damage, worst first, each with its error in words.
        kept: How many of them were kept in higher precision, and did not suffice.
        hints: What to try, most promising first.
    """

    worst: tuple[str, ...] = ()
    kept: int = 0
    hints: tuple[str, ...] = ("another mode: --quantize float16 or --quantize float32",)


def require_parity(report: VerifyReport, options: VerifyOptions, remedy: Remedy = Remedy()) -> None:
    """Refuses an artifact that loses more than the recipe allows.

    Raises:
        RunError: By how much, which layers do it as far as that was measured, and what to try.
    """
    key = missed_bound(report, options)
    if key is None:
        return
    loss = report.metric_keras - report.metric_artifact
    rule, excess = {
        "finite": ("The outputs of an artifact are finite numbers", ""),
        "max_metric_loss": (
            f"An artifact may lose {options.max_metric_loss:.2%} of the metric against the Keras run",
            f"{loss:.2%} lost, ",
        ),
        "max_disagreement": (
            f"An artifact may predict {options.max_disagreement:.2%} of the answers unlike the Keras run",
            "",
        ),
    }[key]
    hints = [*remedy.hints, *([] if key == "finite" else [f"to allow more: --set export.verify.{key}=..."])]
    raise RunError(
        f"{rule}. Received: {excess}metric {report.metric_artifact:.2%} against {report.metric_keras:.2%}, "
        f"{report.disagreement_rate:.2%} of the answers differ, largest difference "
        f"{report.max_difference:.4f}, on {counted(report.examples, 'example')}." + _in_words(remedy),
        f"Try {'; or '.join(hints)}",
    )


def _in_words(remedy: Remedy) -> str:
    """Which layers it is, and what keeping them did."""
    if not remedy.worst:
        return ""
    kept = f" {remedy.kept} of them in higher precision did not suffice." if remedy.kept else ""
    return f" The worst layers alone change the outputs by: {', '.join(remedy.worst)}.{kept}"
