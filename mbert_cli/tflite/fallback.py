"""Keeps the worst dense maps of an artifact in higher precision until it loses no more than it may.

Which are the worst is measured on training rows (`layer_errors.py`), and only whether it is enough on the validation
set: with four maps at most, no choice is made of the examples that judge it.
"""

import statistics
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mbert_cli.figures import counted
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, opened_content
from mbert_cli.tflite.layer_errors import LayerError
from mbert_cli.tflite.verify import VerifyReport

TIMED_RUNS = 30
"""Runs of each artifact that its time is the median of; both take turns."""


@dataclass(frozen=True)
class MadeFile:
    """An artifact that may be written.

    Attributes:
        content: The content of the .tflite file.
        bare: The same without what is read with it, such as the vocabulary.
        parity: What it says, beside the Keras run.
        examples: How many examples it was run on, by length.
        kept: Dense maps that are in higher precision, in the order in which they were chosen.
    """

    content: bytes
    bare: bytes
    parity: VerifyReport
    examples: dict[int, int]
    kept: tuple[LayerError, ...] = ()


def keep_layers(
    make: Callable[[Sequence[LayerError]], MadeFile],
    fits: Callable[[VerifyReport], bool],
    layers: Sequence[LayerError],
    max_layers: int,
) -> list[MadeFile]:
    """Keeps one more dense map at a time.

    Args:
        make: The dense maps that are kept -> an artifact.
        fits: Whether an artifact loses no more than it may.
        layers: The dense maps, worst first.
        max_layers: Most of them that are kept.

    Returns:
        The artifacts that were tried, of which the last fits if any does.
    """
    tried: list[MadeFile] = []
    for count in range(1, min(max_layers, len(layers)) + 1):
        tried.append(make(layers[:count]))
        if fits(tried[-1].parity):
            break
    return tried


@dataclass(frozen=True)
class FallbackCost:
    """What keeping dense maps in higher precision costs.

    Attributes:
        size_bytes: By how much the file grew.
        time_ratio: Time of one run against that of the file without it, of one row, on this machine.
    """

    size_bytes: int
    time_ratio: float


def measure_cost(before: bytes, after: bytes, rows: Batch) -> FallbackCost:
    """Compares size and time of two artifacts, on one thread.

    Args:
        before: All dense maps in the mode.
        after: Some of them in higher precision.
        rows: Rows of their longest length, of which the first is run.
    """
    row = {name: rows[name][:1] for name in ARTIFACT_INPUTS.values()}
    seconds: list[list[float]] = [[], []]
    with opened_content(before) as first, opened_content(after) as second:
        for artifact in (first, second):
            artifact.predict(row)  # the first run is slower
        for _ in range(TIMED_RUNS):
            for artifact, times in zip((first, second), seconds, strict=True):
                start = time.perf_counter()
                artifact.predict(row)
                times.append(time.perf_counter() - start)
    medians = [statistics.median(times) for times in seconds]
    return FallbackCost(len(after) - len(before), medians[1] / medians[0])


def describe_fallback(before: VerifyReport, after: MadeFile, cost: FallbackCost, precision: str) -> str:
    """A sentence that says what was kept, what it brought and what it costs.

    Args:
        before: What the artifact said with all dense maps in the mode.
        after: The artifact that is written.
        cost: What it costs.
        precision: What the dense maps are kept in, in words.
    """
    return (
        f"Kept {counted(len(after.kept), 'dense map')} in {precision}: "
        f"{', '.join(layer.path for layer in after.kept)}. Answers that differ: "
        f"{after.parity.disagreement_rate:.2%} instead of {before.disagreement_rate:.2%}; metric "
        f"{after.parity.metric_artifact:.2%} instead of {before.metric_artifact:.2%}; "
        f"{cost.size_bytes / 1e6:+.2f} MB, {cost.time_ratio:.2f} times the time of one run here"
    )


def kept_names(layers: Collection[LayerError]) -> list[str]:
    """What `quantize` calls them."""
    return [name for layer in layers for name in layer.names]
