"""The figures of a run that has come to its end: written beside the result, and shown."""

import json
from collections.abc import Mapping
from pathlib import Path

from mbert_cli import console
from mbert_cli.figures import show_figure
from mbert_cli.runs.artifacts import exported, is_outdated
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import SUMMARY
from mbert_cli.weights.description import SetDescription


def write_summary(directory: Path, figures: Mapping[str, object]) -> None:
    """Writes the flat figures that `mbert runs` shows."""
    (directory / SUMMARY).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def show_result(run: RunDir, figures: dict[str, float]) -> None:
    """Prints the final figures, the set that they are of, and where the result lies."""
    rows = [(name, show_figure(name, value)) for name, value in figures.items()]
    summary = json.loads((run.final / SUMMARY).read_text(encoding="utf-8"))
    validated = SetDescription.of(summary)
    on = f", validated on {validated}" if validated else ""
    console.table(f"{run.verb}: {run.path}{on}", ["figure", "value"], rows)
    for artifact in exported(run.path):
        if is_outdated(run.path, artifact):
            console.info(
                f"{artifact} is of an earlier result; `mbert export-tflite {run.path}` makes it anew"
            )
