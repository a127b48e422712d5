"""`mbert runs --chain`: every fine-tuned model with where it comes from, its scores and its artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mbert_cli.figures import MASKED_WORDS, show_megabytes, show_score, show_share
from mbert_cli.json_text import read_object
from mbert_cli.page import Page
from mbert_cli.report.exported_artifact import ExportedArtifact, read_artifact
from mbert_cli.report.run_page import OUTDATED
from mbert_cli.report.score_fields import score_fields
from mbert_cli.runs.ancestry import origin_in_words, started_from, task_of, taught_by, weights_from
from mbert_cli.runs.artifacts import exported, target_name
from mbert_cli.runs.lineage import FINE_TUNED
from mbert_cli.runs.listing import FINAL, SUMMARY, RunInfo, maker_of, recorded_recipe, runs_in_use
from mbert_cli.table import Table, without_empty_columns
from mbert_cli.tflite.latency_reports import newest_latencies
from mbert_cli.weights.description import UNRECORDED_SET, SetDescription

_ACCURACY = "masked-LM accuracy"
_MODELS = ["model", "comes from", "parameters", _ACCURACY, "score on dev"]
_ARTIFACTS = ["artifact", "score on dev", "MB", "p50 ms", "times smaller", "times faster"]

_PRETRAINED = _MODELS.index(_ACCURACY)


@dataclass(frozen=True)
class ChainModel:
    """A fine-tuned model, and what it comes from.

    Attributes:
        info: Its run.
        task: Name of the task.
        source: The run that it started from.
        origin: That run, and those before it.
        is_pretrained: Whether it began with the weights of the source, or with fresh ones of their shape.
        parameters: How many it has.
        scored: The set of its score, where that was recorded.
        source_score: The share of masked words that the source predicts; None where it predicts none.
        source_scored: The set of that.
    """

    info: RunInfo
    task: str
    source: Path
    origin: str
    is_pretrained: bool
    parameters: int
    scored: SetDescription | None
    source_score: float | None
    source_scored: SetDescription | None


Scored = TypeVar("Scored", ChainModel, ExportedArtifact)


def chain_page(root: Path) -> Page:
    """Models and artifacts, from pre-training to the phone, a table for each set that they were scored on.

    Args:
        root: The folder of the runs.
    """
    finetuned = [info for info in runs_in_use(root) if info.kind in FINE_TUNED and info.finished]
    latencies = newest_latencies(root)
    artifacts = [
        read_artifact(info.path, path, latencies.get(path.resolve()))
        for info in finetuned
        for path in exported(info.path)
    ]
    nothing = f"There is no complete finetune run in {root}. `{maker_of('finetune', root)}` makes one."
    return arrange_chain([_read_model(info) for info in finetuned], artifacts, nothing)


def arrange_chain(models: Sequence[ChainModel], artifacts: Sequence[ExportedArtifact], nothing: str) -> Page:
    """The page of some models and artifacts.

    Args:
        models: Fine-tuned models.
        artifacts: Their artifacts.
        nothing: What is said where there are no models.
    """
    return Page(
        [*_model_tables(models), *_artifact_tables(artifacts)],
        {"models": [*map(_model_record, models)], "artifacts": [*map(_artifact_record, artifacts)]},
        notes=[] if models else [nothing],
        lines=[str(one.path) for one in artifacts],
    )


def _model_tables(models: Sequence[ChainModel]) -> list[Table]:
    """A table for each set: scores of different sets do not stand in one column."""
    return [Table(f"Models; {title}", *_by_pretraining(alike)) for title, alike in _by_set(models)]


def _by_set(found: Sequence[Scored]) -> list[tuple[str, list[Scored]]]:
    """Models or artifacts that were scored on one set, whatever they learned from, with names of these files."""
    sets: dict[tuple[str, str], list[Scored]] = {}
    for one in found:
        sets.setdefault(("" if one.scored else one.task, _named(one.scored)), []).append(one)
    return [
        (f"{', '.join(dict.fromkeys(one.task for one in alike))}, {name}", alike)
        for (_, name), alike in sets.items()
    ]


def _by_pretraining(models: Sequence[ChainModel]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows, with a column of scores of pre-training for each set that these are of."""
    sets = list(dict.fromkeys(_named(model.source_scored) for model in models if _has_source_score(model)))
    if len(sets) < 2:
        return _MODELS, [_model_row(model) for model in models]

    def spread(cells: Sequence[str], values: Sequence[str]) -> list[str]:
        return [*cells[:_PRETRAINED], *values, *cells[_PRETRAINED + 1 :]]

    rows = []
    for model in models:
        cells = _model_row(model)
        own = _named(model.source_scored)
        rows.append(spread(cells, [cells[_PRETRAINED] if own == found else "" for found in sets]))
    return spread(_MODELS, [f"{_MODELS[_PRETRAINED]}, {found}" for found in sets]), rows


def _model_row(model: ChainModel) -> list[str]:
    info = model.info
    score = "" if info.score is None else f"{show_share(info.score, info.deviation)} {info.score_name}"
    return [info.path.name, model.origin, f"{model.parameters:,}", show_score("", model.source_score), score]


def _model_record(model: ChainModel) -> dict[str, Any]:
    info = model.info
    return {
        "model": info.path.name,
        "path": info.path,
        "task": model.task,
        "source": model.source,
        "comes_from": model.origin,
        "pretrained": model.is_pretrained,
        "parameters": model.parameters,
        MASKED_WORDS: score_fields(MASKED_WORDS, model.source_score, None, model.source_scored),
        "score": score_fields(info.score_name, info.score, info.deviation, model.scored),
    }


def _artifact_tables(artifacts: Sequence[ExportedArtifact]) -> list[Table]:
    """A table for each set, without the columns of `mbert bench` where it timed none of the artifacts."""
    return [
        without_empty_columns(
            Table(f"Artifacts{_ratios(alike)}; {scored}", _ARTIFACTS, [*map(_artifact_row, alike)])
        )
        for scored, alike in _by_set(artifacts)
    ]


def _ratios(artifacts: Sequence[ExportedArtifact]) -> str:
    """What some artifacts were compared with."""
    compared = sorted({one.compared.reference or "" for one in artifacts if one.compared})
    return f", ratios to {' or '.join(compared)} in float32" if compared else ""


def _artifact_row(one: ExportedArtifact) -> list[str]:
    return [
        target_name(one.path) + f" ({OUTDATED})" * one.is_outdated,
        show_score("", one.score),
        show_megabytes(one.size_bytes),
        f"{one.latency.p50_ms:.2f}" if one.latency else "",
        "" if one.times_smaller is None else f"{one.times_smaller:.1f}",
        "" if one.times_faster is None else f"{one.times_faster:.1f}",
    ]


def _artifact_record(one: ExportedArtifact) -> dict[str, Any]:
    return {
        "artifact": target_name(one.path),
        "path": one.path,
        "task": one.task,
        "of_an_earlier_result": one.is_outdated,
        "score": score_fields(one.metric, one.score, None, one.scored),
        "size_bytes": one.size_bytes,
        "p50_ms": one.latency and one.latency.p50_ms,
        "reference": one.compared and one.compared.reference,
        "times_smaller": one.times_smaller,
        "times_faster": one.times_faster,
    }


def _read_model(info: RunInfo) -> ChainModel:
    recipe = recorded_recipe(info.path)
    source = started_from(info.path)
    summary, before = read_object(info.path / FINAL / SUMMARY), read_object(source / FINAL / SUMMARY)
    is_pretrained = weights_from(info.path) is not None
    has_score = is_pretrained and before.get("score_name") == MASKED_WORDS
    return ChainModel(
        info=info,
        task=task_of(recipe),
        source=source,
        origin=_origin(info.path),
        is_pretrained=is_pretrained,
        parameters=summary.get("parameters", 0),
        scored=SetDescription.of(summary),
        source_score=before.get("score") if has_score else None,
        source_scored=SetDescription.of(before) if has_score else None,
    )


def _origin(run: Path) -> str:
    """Whose weights it began with, and who taught it."""
    source, teacher = weights_from(run), taught_by(run)
    if source is not None:
        origin = origin_in_words(source)
    elif teacher is not None:
        origin = "fresh weights"
    else:
        origin = f"fresh weights of the shape of {started_from(run).name}"
    return f"{origin}; taught by {teacher.name}" if teacher else origin


def _has_source_score(model: ChainModel) -> bool:
    return model.source_score is not None


def _named(found: SetDescription | None) -> str:
    """Which set a score belongs to."""
    return str(found or UNRECORDED_SET)
