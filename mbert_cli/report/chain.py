"""`mbert runs --chain`: every fine-tuned model with where it comes from, its scores and its artifacts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli import console
from mbert_cli.runs.artifacts import exported, is_outdated, target_name
from mbert_cli.runs.directory import recorded_recipe
from mbert_cli.runs.lineage import started_from
from mbert_cli.runs.listing import RunInfo, list_runs, maker_of, require_root
from mbert_cli.tflite.latency_reports import Latency, newest_latencies
from mbert_cli.weights.description import SetDescription

_MODELS = ["model", "comes from", "parameters", "masked-LM accuracy", "score on dev"]
_ARTIFACTS = ["artifact", "score on dev", "MB", "p50 ms", "times smaller", "times faster"]

_PRETRAINED = _MODELS.index("masked-LM accuracy")


@dataclass(frozen=True)
class _Row:
    """A row, and which sets its scores are of.

    Attributes:
        task: Name of the task.
        scored: Set of the score of the task.
        cells: The row.
        pretrained: Set of the score of pre-training.
        reference: What the ratios are to.
    """

    task: str
    scored: str
    cells: tuple[str, ...]
    pretrained: str = ""
    reference: str = ""


def run(root: Path) -> None:
    """Shows models and artifacts, from pre-training to the phone, a table for each set that they were scored on.

    Args:
        root: The folder of the runs.
    """
    require_root(root)
    finetuned = [info for info in list_runs(root) if info.verb == "finetune" and info.finished]
    if not finetuned:
        console.info(
            f"There is no complete finetune run in {root}. `{maker_of('finetune', root)}` makes one."
        )
        return
    _show("Models", _MODELS, [_model_row(info) for info in finetuned])
    latencies = newest_latencies(root)
    artifacts = [(info, path) for info in finetuned for path in exported(info.path)]
    rows = [_artifact_row(info, path, latencies.get(path.resolve())) for info, path in artifacts]
    compared = sorted({row.reference for row in rows if row.reference})
    ratios = f", ratios to {' or '.join(compared)} in float32" if compared else ""
    _show(f"Artifacts{ratios}", _ARTIFACTS, rows)
    for _, path in artifacts:
        console.result(f"{path}")


def _show(title: str, columns: list[str], rows: list[_Row]) -> None:
    """A table for each set: scores of different sets do not stand in one column."""
    for task, scored in dict.fromkeys((row.task, row.scored) for row in rows):
        alike = [row for row in rows if (row.task, row.scored) == (task, scored)]
        console.table(f"{title}; {task}, {scored}", *_by_pretraining(columns, alike))


def _by_pretraining(columns: list[str], rows: list[_Row]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The table with a column of scores of pre-training for each set that these are of."""
    sets = list(dict.fromkeys(row.pretrained for row in rows if row.pretrained))
    if len(sets) < 2:
        return columns, [row.cells for row in rows]

    def spread(cells: Sequence[str], values: Sequence[str]) -> tuple[str, ...]:
        return (*cells[:_PRETRAINED], *values, *cells[_PRETRAINED + 1 :])

    headings = spread(columns, [f"{columns[_PRETRAINED]}, {found}" for found in sets])
    return list(headings), [
        spread(row.cells, [row.cells[_PRETRAINED] if row.pretrained == found else "" for found in sets])
        for row in rows
    ]


def _set(record: dict) -> str:
    """Which set a score is of, as a record of it says."""
    return str(SetDescription.of(record) or "a set that was not recorded")


def _task(info: RunInfo) -> str:
    task = recorded_recipe(info.path).get("task") or {}
    return task.get("name") or Path(task.get("train") or task.get("source", "a task")).name


def _model_row(info: RunInfo) -> _Row:
    recipe = recorded_recipe(info.path)
    source = started_from(recipe)
    summary, before = _summary(info.path), _summary(source)
    pretrained = recipe["pretrained"]
    cells = (
        info.path.name,
        _origin(source) if pretrained else f"fresh weights of the shape of {source.name}",
        f"{summary.get('parameters', 0):,}",
        _percent(before.get("score")) if pretrained and not recipe.get("initialize_from") else "",
        f"{_percent(info.score)}{_deviation(info.deviation)} {info.score_name}",
    )
    return _Row(_task(info), _set(summary), cells, _set(before) if cells[_PRETRAINED] else "")


def _origin(source: Path) -> str:
    """`distill-quickstart (progressive, from train-teacher-quickstart)`."""
    recipe = recorded_recipe(source)
    if "task" in recipe:
        return f"{source.name}, from {_origin(started_from(recipe))}"
    if "distill" not in recipe:
        return source.name
    return f"{source.name} ({recipe['distill']['strategy']}, from {Path(recipe['teacher']).name})"


def _artifact_row(info: RunInfo, path: Path, timed: Latency | None) -> _Row:
    report, size_bytes = _read(path.with_name("report.json")), path.stat().st_size
    if timed and timed.size_bytes != size_bytes:
        timed = None  # it was exported anew since
    against = timed if timed and timed.reference else None
    cells = (
        target_name(path) + " (of an earlier result)" * is_outdated(info.path, path),
        _percent(report.get("parity", {}).get("metric_artifact")),
        f"{size_bytes / 1e6:.1f}",
        f"{timed.p50_ms:.2f}" if timed else "",
        f"{against.reference_size_bytes / size_bytes:.1f}" if against else "",
        f"{against.reference_p50_ms / against.p50_ms:.1f}" if against else "",
    )
    return _Row(_task(info), _set(report), cells, reference=(against and against.reference) or "")


def _summary(run: Path) -> dict:
    return _read(run / "final" / "summary.json")


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _deviation(value: float | None) -> str:
    return "" if value is None else f" ± {value:.2%}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
