"""`mbert runs RUN`: everything about one run."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mbert_cli import console
from mbert_cli.figures import show_figure, show_share
from mbert_cli.recipe.problems import leaves
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.yaml_text import written
from mbert_cli.runs.artifacts import exported, is_outdated, target_name
from mbert_cli.runs.content import read_contents
from mbert_cli.runs.directory import recorded_recipe
from mbert_cli.runs.disk import directory_bytes, format_bytes
from mbert_cli.runs.listing import (
    CHECKPOINTS,
    FAILURE,
    FINAL,
    INPUTS,
    LONGER,
    RECIPE,
    SUMMARY,
    RunInfo,
    describe_run,
    read_origin,
)
from mbert_cli.runs.lock import read_owner
from mbert_cli.weights.description import SetDescription

OUTDATED = "of an earlier result"
"""Said of what was made before the run went on for more steps."""

Rows = list[tuple[str, ...]]


def show_run(path: Path) -> None:
    """Shows kind, state, recipe, inputs, figures, checkpoints, artifacts and sizes of a run.

    Args:
        path: Its directory.
    """
    info = describe_run(path)
    summary = _read(path / FINAL / SUMMARY)
    sessions = read_origin(path).get("sessions") or [{}]
    console.table(f"{path}", ["", ""], _facts(info, summary, sessions))
    console.result(f"Last command: {sessions[-1].get('command', 'unknown')}\n")
    recipe = _changed_keys(info.verb, recorded_recipe(path))
    console.table(
        f"Recipe, keys that are not the default ({path / RECIPE} has all)", ["key", "value"], recipe
    )
    _show("Inputs", ["key", "what", "files", "size"], _inputs(path))
    _show("Figures", ["figure", "value"], _figures(summary))
    _show("Checkpoints", ["name", "size"], _checkpoints(path))
    _show("Artifacts", ["artifact", "MB", "score", "on", ""], _artifacts(path))
    _show("Evaluations", ["report", "score", "on", ""], _evaluations(path))


def _show(title: str, columns: list[str], rows: Rows) -> None:
    if rows:
        console.table(title, columns, rows)


def _facts(info: RunInfo, summary: Mapping[str, Any], sessions: Sequence[Mapping[str, Any]]) -> Rows:
    facts = {
        "kind": info.verb,
        "state": _state(info),
        "steps": "" if info.steps is None else f"{info.steps:,}",
        "trials": "{} of {}".format(*info.trials) if info.trials else "",
        "score": "" if info.score is None else f"{info.score_name} {show_share(info.score, info.deviation)}",
        "scored on": _set(summary),
        "sessions": f"{len(sessions)}",
        "began": _local(sessions[0].get("started")),
        "finished": _local(info.finished and info.finished.isoformat()),
        "size": format_bytes(info.size_bytes),
    }
    return [(name, value) for name, value in facts.items() if value]


def _state(info: RunInfo) -> str:
    """The state, and what stands behind it."""
    said = info.state
    if info.state == "running":
        said += f": {read_owner(info.path) or 'by a process'}"
    elif info.state == "failed":
        said += f": {_read(info.path / FAILURE).get('message', '')}"
    grown = _read(info.path / LONGER)
    if grown:
        keys = ", ".join(f"{key} {values['now']} after {values['before']}" for key, values in grown.items())
        said += f"; goes on for {keys}, and final/ has the result of before"
    return said


def _changed_keys(verb: str, recipe: dict[str, Any]) -> Rows:
    """Keys with a value of their own; all of a run whose recipe this version does not know."""
    if verb in RECIPES:
        with contextlib.suppress(ValidationError):
            recipe = RECIPES[verb].model_validate(recipe).model_dump(exclude_defaults=True)
    return [(key, written(value)) for key, value in leaves(recipe) if value is not None]


def _inputs(path: Path) -> Rows:
    return [
        (
            key,
            content.path,
            f"{len(content.files):,}",
            format_bytes(sum(file.bytes for file in content.files)),
        )
        for key, content in read_contents(path / INPUTS).items()
    ]


def _figures(summary: Mapping[str, Any]) -> Rows:
    shown = {"steps", "score", "deviation", "set", "examples"}
    return [
        (name, f"{value:,}" if isinstance(value, int) else show_figure(name, value))
        for name, value in summary.items()
        if isinstance(value, int | float) and name not in shown
    ]


def _checkpoints(path: Path) -> Rows:
    folder = path / CHECKPOINTS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [(item.name, format_bytes(directory_bytes(item))) for item in found if item.is_dir()]


def _artifacts(path: Path) -> Rows:
    rows = []
    for artifact in exported(path):
        report = _read(artifact.with_name("report.json"))
        score = report.get("parity", {}).get("metric_artifact")
        rows.append(
            (
                target_name(artifact).rpartition(" ")[2],
                f"{artifact.stat().st_size / 1e6:.1f}",
                "" if score is None else f"{report.get('metric', '')} {show_share(score)}".strip(),
                _set(report),
                OUTDATED if is_outdated(path, artifact) else "",
            )
        )
    return rows


def _evaluations(path: Path) -> Rows:
    rows = []
    for file in sorted((path / "eval").glob("*.json")):
        report = _read(file)
        if "score" in report:
            score = f"{report.get('metric', '')} {show_share(report['score'])}".strip()
            rows.append((file.stem, score, _set(report), OUTDATED if is_outdated(path, file) else ""))
    return rows


def _set(record: Mapping[str, Any]) -> str:
    """Which examples a score is of, as a record of it says."""
    found = SetDescription.of(record)
    if found is not None:
        return str(found)
    return f"{record['examples']:,} examples" if "examples" in record else ""


def _local(moment: str | None) -> str:
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}" if moment else ""
    except ValueError:
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
