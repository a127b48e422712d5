"""`mbert runs --chain`: every fine-tuned model with where it comes from, its scores and its artifacts."""

import json
from pathlib import Path

from mbert_cli import console
from mbert_cli.commands.export_names import exported
from mbert_cli.commands.inputs import started_from
from mbert_cli.commands.runs import require_root
from mbert_cli.train.run_dir import recorded_recipe
from mbert_cli.train.run_list import RunInfo, list_runs

_MODELS = ["model", "comes from", "parameters", "masked-LM accuracy", "score on dev"]
_ARTIFACTS = ["artifact", "score on dev", "MB", "p50 ms", "times smaller", "times faster"]


def run(root: Path) -> None:
    """Shows models and artifacts, from pre-training to the phone.

    Args:
        root: The folder of the runs.
    """
    require_root(root)
    finetuned = [info for info in list_runs(root) if info.verb == "finetune" and info.finished]
    if not finetuned:
        console.info(f"There is no complete finetune run in {root}. `mbert finetune` makes one.")
        return
    console.table("Models", _MODELS, [_model_row(info) for info in finetuned])
    bench = _read(root / "bench" / "report.json")
    artifacts = [path for info in finetuned for path in exported(info.path)]
    if artifacts:
        reference = bench.get("reference")
        title = f"Artifacts, ratios to {reference} in float32" if reference else "Artifacts"
        console.table(title, _ARTIFACTS, [_artifact_row(path, bench) for path in artifacts])
    for path in artifacts:
        console.result(f"{path}")


def _model_row(info: RunInfo) -> tuple[str, ...]:
    recipe = recorded_recipe(info.path)
    source = started_from(recipe)
    summary, before = _summary(info.path), _summary(source)
    pretrained = recipe["pretrained"]
    return (
        info.path.name,
        _origin(source) if pretrained else f"fresh weights of the shape of {source.name}",
        f"{summary.get('parameters', 0):,}",
        _percent(before.get("score")) if pretrained and not recipe.get("initialize_from") else "",
        f"{_percent(info.score)}{_deviation(info.deviation)} {info.score_name}",
    )


def _origin(source: Path) -> str:
    """`distill-quickstart (progressive, from train-teacher-quickstart)`."""
    recipe = recorded_recipe(source)
    if "task" in recipe:
        return f"{source.name}, from {_origin(started_from(recipe))}"
    if "distill" not in recipe:
        return source.name
    return f"{source.name} ({recipe['distill']['strategy']}, from {Path(recipe['teacher']).name})"


def _artifact_row(path: Path, bench: dict) -> tuple[str, ...]:
    report = _read(path.with_name("report.json"))
    rows = {row["path"]: row for row in bench.get("rows", [])}
    timed, reference = rows.get(str(path)), bench.get("rows", [None])[-1] if bench.get("reference") else None
    against = timed and reference
    return (
        f"{path.parts[-4]} {path.parts[-2]}",
        _percent(report.get("parity", {}).get("metric_artifact")),
        f"{path.stat().st_size / 1e6:.1f}",
        f"{timed['p50_ms']:.2f}" if timed else "",
        f"{reference['size_bytes'] / timed['size_bytes']:.1f}" if against else "",
        f"{reference['p50_ms'] / timed['p50_ms']:.1f}" if against else "",
    )


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
