"""Artifacts over their modes, lengths and numbers of threads: what each scores and how long it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mbert_cli.evaluate.metrics import score_name
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.runs.artifacts import target_name
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine, latency_record
from mbert_cli.tflite.options import BenchOptions

SWEEP = "sweep"
"""Folder of the reports of sweeps, in that of the reports of `bench`."""

_BATCH_SIZE = 32


@dataclass(frozen=True)
class SweptScore:
    """What an artifact scores at one of its lengths.

    Attributes:
        task: Name of the task.
        metric: What the score is.
        score: A share of 1.
        set: Digest of the examples.
        examples: How many there are.
    """

    task: str
    metric: str
    score: float
    set: str
    examples: int


def swept_threads(wanted: Sequence[int], cores: int) -> list[int]:
    """The numbers of threads that a machine has cores for, ascending; one at least.

    Args:
        wanted: Numbers of threads.
        cores: What there is.
    """
    return sorted({count for count in wanted if count <= cores} or {min(wanted)})


def score_artifact(model: TaskModel, options: AnyTask, max_examples: int) -> SweptScore | None:
    """Scores an artifact on examples of the task's validation set, each cut to the artifact's length.

    Args:
        model: The artifact, at one length.
        options: The recipe section of the task.
        max_examples: Most of them.

    Returns:
        None for a model that knows no data of its task.
    """
    if isinstance(options, ImportedTask):
        return None
    answering, encoded = model.sample(options, max_examples)
    judge, described = encoded.judge, encoded.described
    outputs = answering.answer(encoded, _BATCH_SIZE)
    assert described is not None and encoded.source is not None
    value = float(judge.score(judge.decide(outputs)).value)
    return SweptScore(
        encoded.source[0].name, score_name(judge.metrics), value, described.digest, described.examples
    )


def sweep_record(
    times: Mapping[int, Sequence[LatencyRow]],
    scores: Sequence[SweptScore | None],
    options: BenchOptions,
    machine: Machine,
) -> dict[str, Any]:
    """What the report of a sweep holds: a row for each artifact, length and number of threads.

    Args:
        times: Figures of the artifacts by the number of threads.
        scores: Those of the same artifacts.
        options: How they were measured.
        machine: What they were measured on.
    """
    rows = [
        known
        | {"artifact": target_name(row.path), "threads": threads}
        | (asdict(score) if score else {"score": None})
        for threads, found in times.items()
        for known, row, score in zip(
            latency_record(found, [], options, machine)["rows"], found, scores, strict=True
        )
    ]
    return latency_record([], [], options, machine) | {"rows": rows}
