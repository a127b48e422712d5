"""All that is known of one run, read from its directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.json_text import read_object
from mbert_cli.recipe.problems import leaves
from mbert_cli.recipe.records import validated
from mbert_cli.runs.artifacts import evaluation_files, exported, exported_report, is_outdated
from mbert_cli.runs.content import Contents, read_contents
from mbert_cli.runs.disk import directory_bytes
from mbert_cli.runs.listing import (
    CHECKPOINTS,
    FAILURE,
    FINAL,
    INPUTS_FILE,
    LONGER,
    SUMMARY,
    RunInfo,
    describe_run,
    read_origin,
    recorded_recipe,
)
from mbert_cli.runs.lock import read_owner
from mbert_cli.weights.description import SetDescription


@dataclass(frozen=True)
class Evaluation:
    """A score that stands in a file of a run.

    Attributes:
        path: The report of an evaluation, or an artifact that was verified.
        name: What it is called: `validation`, or the mode of the artifact.
        size_bytes: Size of an artifact; None for a report.
        metric: What the score is.
        score: The score; None where it was not scored.
        examples: How many examples it is of, where that was recorded.
        scored: Which they are, where that was recorded.
        is_outdated: Whether the run has another result since.
    """

    path: Path
    name: str
    size_bytes: int | None
    metric: str | None
    score: float | None
    examples: int | None
    scored: SetDescription | None
    is_outdated: bool


@dataclass(frozen=True)
class RunDetails:
    """All about one run.

    Attributes:
        info: What the list of runs shows.
        explanation: Who works on it, or why it failed; empty where there is nothing to say.
        growth: How it continues for more steps than it was finished with; empty where it does not.
        summary: Figures of its result.
        commands: Those that worked on it, in order.
        recipe: Keys with a value that is not the default.
        contents: What its inputs held, by recipe key.
        checkpoints: Names and bytes.
        artifacts: What it exported.
        evaluations: What `mbert eval` wrote.
    """

    info: RunInfo
    explanation: str
    growth: str
    summary: Mapping[str, Any]
    commands: Sequence[str]
    recipe: Mapping[str, Any]
    contents: Contents
    checkpoints: Mapping[str, int]
    artifacts: Sequence[Evaluation]
    evaluations: Sequence[Evaluation]


def read_details(path: Path) -> RunDetails:
    """Reads everything about a run.

    Args:
        path: Its directory.
    """
    info = describe_run(path)
    sessions = read_origin(path).get("sessions") or [{}]
    return RunDetails(
        info=info,
        explanation=_explanation(info),
        growth=_growth(info),
        summary=read_object(path / FINAL / SUMMARY),
        commands=[session.get("command", "unknown") for session in sessions],
        recipe=_changed_keys(info.kind, recorded_recipe(path)),
        contents=read_contents(path / INPUTS_FILE),
        checkpoints=_checkpoints(path),
        artifacts=[_artifact(path, artifact) for artifact in exported(path)],
        evaluations=_evaluations(path),
    )


def _explanation(info: RunInfo) -> str:
    if info.state == "running":
        return str(read_owner(info.path) or "by a process")
    return str(read_object(info.path / FAILURE).get("message", "")) if info.state == "failed" else ""


def _growth(info: RunInfo) -> str:
    grown = read_object(info.path / LONGER)
    keys = ", ".join(f"{key} {values['now']} after {values['before']}" for key, values in grown.items())
    return f"continues for {keys}, and final/ has the earlier result" if grown else ""


def _changed_keys(kind: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """Keys with a value of their own; all of a run whose recipe this version does not know."""
    changed = validated(kind, recipe, exclude_defaults=True)
    return {key: value for key, value in leaves(changed) if value is not None}


def _checkpoints(path: Path) -> dict[str, int]:
    folder = path / CHECKPOINTS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {item.name: directory_bytes(item) for item in found if item.is_dir()}


def _artifact(run: Path, artifact: Path) -> Evaluation:
    report = exported_report(artifact)
    score = report.get("parity", {}).get("metric_artifact")
    return _evaluation(run, artifact, artifact.parent.name, artifact.stat().st_size, report, score)


def _evaluations(run: Path) -> list[Evaluation]:
    reports = {file: read_object(file) for file in evaluation_files(run)}
    return [
        _evaluation(run, file, file.stem, None, report, report["score"])
        for file, report in reports.items()
        if "score" in report
    ]


def _evaluation(
    run: Path, path: Path, name: str, size_bytes: int | None, report: Mapping[str, Any], score: float | None
) -> Evaluation:
    return Evaluation(
        path, name, size_bytes, report.get("metric"), score, report.get("examples"), SetDescription.of(report),
        is_outdated(run, path),
    )  # fmt: skip
