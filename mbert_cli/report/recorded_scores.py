"""Scores that were measured before and lie on the disk: of runs, over seeds, and of artifacts."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from mbert_cli.figures import is_loss
from mbert_cli.json_text import read_object
from mbert_cli.report.exported_artifact import ExportedArtifact
from mbert_cli.runs.artifacts import evaluation_files, is_outdated
from mbert_cli.runs.listing import FINAL, SUMMARY
from mbert_cli.tflite.verify import AGREEMENT
from mbert_cli.weights.description import UNRECORDED_SET, SetDescription

SetPlace = tuple[str, str, str, str]
"""What scores have in common that may stand in one column: a task or the hash of a set, settings, and the metric."""


@dataclass(frozen=True)
class SetScore:
    """A score on one set of examples.

    Attributes:
        task: Name of the task.
        scored: The set; None where it was not recorded.
        metric: What the score is.
        value: The score as a share of 1, a mean where there are several seeds.
        deviation: Standard deviation over the seeds as a sample; None for one seed.
        seeds: How many trainings it is the mean of.
        settings: What a model was scored with that it is not by itself, as `length 32`; "" for the model as it is.
    """

    task: str
    scored: SetDescription | None
    metric: str
    value: float
    deviation: float | None = None
    seeds: int = 1
    settings: str = ""

    @property
    def place(self) -> SetPlace:
        """Equal for scores that may stand in one column."""
        task, digest = ("", self.scored.digest) if self.scored else (self.task, "")
        return (task, digest, self.settings, self.metric)

    @property
    def on(self) -> str:
        """The set in words, and the settings: `872 examples (set 3f9a1c02), length 32`."""
        return scored_on(self.scored, self.settings)


def scores_of_run(run: Path, task: str) -> list[SetScore]:
    """The score of the training, and those that `mbert eval` wrote for other sets.

    Args:
        run: Its directory.
        task: Name of its task.
    """
    summary = read_object(run / FINAL / SUMMARY)
    own = _score(task, summary, summary.get("score_name"))
    evaluated = [
        _score(str(report.get("task") or task), report, report.get("metric"))
        for report in evaluations(run, evaluation_files(run))
    ]
    return _first_of_each_set([own, *evaluated])


def scores_of_artifact(artifact: ExportedArtifact, run: Path | None, task: str) -> list[SetScore]:
    """Scores that `mbert eval` wrote beside an artifact, and the one that it was verified with.

    Args:
        artifact: The artifact.
        run: The run that it is of; None where that is not known.
        task: Name of its task.
    """
    reports = evaluations(run, evaluation_files(artifact.path))
    evaluated = [_score(str(report.get("task") or task), report, report.get("metric")) for report in reports]
    if artifact.score is None or artifact.metric == AGREEMENT:
        return _first_of_each_set(evaluated)
    verified = SetScore(
        artifact.verified_on or task, artifact.scored, artifact.metric or "score", artifact.score
    )
    return _first_of_each_set([*evaluated, verified])


def over_seeds(runs: Sequence[Sequence[SetScore]]) -> list[SetScore]:
    """The scores of several runs of one recipe: for each set the mean and the deviation of those that have one.

    Args:
        runs: The scores of each run.
    """
    by_set: dict[SetPlace, list[SetScore]] = {}
    for score in (score for scores in runs for score in scores):
        by_set.setdefault(score.place, []).append(score)
    return [_mean(scores) for scores in by_set.values()]


def evaluations(run: Path | None, files: Sequence[Path]) -> list[dict[str, Any]]:
    """The reports of `mbert eval` among some files, without those of an earlier result.

    Args:
        run: The run whose result was scored; None where that is not known.
        files: JSON files, whether they are there or not.
    """
    found = [file for file in files if file.is_file()]
    reports = [read_object(file) for file in found if run is None or not is_outdated(run, file)]
    return [report for report in reports if "metric" in report and _is_number(report.get("score"))]


def settings_of(report: Mapping[str, Any]) -> str:
    """What `mbert eval` scored a model with that it is not by itself: `length 32, client BERT`; "" for none."""
    settings = report.get("settings")
    if not isinstance(settings, dict):
        return ""
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def scored_on(scored: SetDescription | None, settings: str) -> str:
    """A set in words, and what a model was scored with that it is not by itself."""
    return f"{scored or UNRECORDED_SET}{settings and f', {settings}'}"


def _mean(scores: Sequence[SetScore]) -> SetScore:
    """The mean of several; one alone stays, with the deviation that a search found."""
    first = scores[0]
    if len(scores) == 1:
        return first
    values = [score.value for score in scores]
    return SetScore(
        first.task, first.scored, first.metric, statistics.mean(values), statistics.stdev(values), len(values),
        first.settings,
    )  # fmt: skip


def _score(task: str, report: Mapping[str, Any], metric: object) -> SetScore | None:
    """The score of a record; None where it has none, or a loss, which says nothing about other teachers' students."""
    value, seeds, deviation = report.get("score"), report.get("seeds"), report.get("deviation")
    if not _is_number(value) or is_loss(str(metric)):
        return None
    return SetScore(
        task,
        SetDescription.of(report),
        str(metric or "score"),
        float(value),
        float(deviation) if isinstance(deviation, int | float) else None,
        seeds if isinstance(seeds, int) else 1,
        settings_of(report),
    )


def _first_of_each_set(scores: Sequence[SetScore | None]) -> list[SetScore]:
    found: dict[SetPlace, SetScore] = {}
    for score in scores:
        if score is not None:
            found.setdefault(score.place, score)
    return list(found.values())


def _is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value of JSON is a number, and not the NaN of a training that came to nothing."""
    return isinstance(value, int | float) and math.isfinite(value)
