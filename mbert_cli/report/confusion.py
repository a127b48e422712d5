"""Which labels a model takes for which, as `mbert eval` recorded it: nothing is answered anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.report.choices import Choice
from mbert_cli.report.recorded_scores import evaluations, scored_on, settings_of
from mbert_cli.report.score_fields import set_fields
from mbert_cli.runs.artifacts import evaluation_files, target_name
from mbert_cli.runs.listing import FINAL
from mbert_cli.shell_words import path_words
from mbert_cli.table import Table
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.scores import label_details
from mbert_cli.weights.description import ModelDescription, SetDescription


@dataclass(frozen=True)
class Confusion:
    """How often a model gave which label to examples of which.

    Attributes:
        name: What the model or artifact is called.
        task: Name of the task.
        scored: The set; None where it was not recorded.
        labels: Names of the labels.
        counts: A row for each true label, a column for each predicted one.
        settings: What the model was scored with that it is not by itself; "" for none.
        seed_run: Name of the run whose answers these are, where a model is several runs; "" where it is one.
    """

    name: str
    task: str
    scored: SetDescription | None
    labels: Sequence[str]
    counts: Sequence[Sequence[int]]
    settings: str = ""
    seed_run: str = ""


def read_confusions(choices: Sequence[Choice]) -> list[Confusion]:
    """The tables that were recorded of each choice, one for each set."""
    return [found for choice in choices for found in _of(choice)]


def confusion_table(confusion: Confusion) -> Table:
    """A row for each true label, shaded by how many of its examples each cell holds."""
    on = scored_on(confusion.scored, confusion.settings)
    rows = [
        (label, *(f"{count:,}" for count in row))
        for label, row in zip(confusion.labels, confusion.counts, strict=True)
    ]
    shades = [[0.0, *(count / max(1, sum(row)) for count in row)] for row in confusion.counts]
    one = f"{confusion.seed_run}, one of " if confusion.seed_run else ""
    title = f"Confusion of {one}{confusion.name}"
    notes = [f"{confusion.task}, {on}: a row for each true label, a column for each predicted one."]
    return Table(title, ["", *confusion.labels], rows, notes, shades=shades)


def confusion_record(confusion: Confusion) -> dict[str, Any]:
    """The same as JSON has it."""
    return {
        "name": confusion.name, "task": confusion.task, "labels": confusion.labels, "counts": confusion.counts,
        "settings": confusion.settings or None, "run": confusion.seed_run or None,
        **set_fields(confusion.scored),
    }  # fmt: skip


def missing_confusions(choices: Sequence[Choice], found: Sequence[Confusion]) -> str:
    """Says how models that choose one label get a table that nobody made yet; empty where none lacks it."""
    known = {confusion.name for confusion in found}
    lacking = [
        choice.path
        for choice in choices
        if not choice.is_artifact and choice.name not in known and _chooses_a_label(choice)
    ]
    if not lacking:
        return ""
    return (
        "A confusion table is shown of models that `mbert eval` has scored; for the others: "
        f"`mbert eval {path_words(lacking)}`"
    )


def _chooses_a_label(choice: Choice) -> bool:
    description = ModelDescription.load(choice.path / FINAL)
    return description.task is not None and kind_of(description.kind).details is label_details


def _of(choice: Choice) -> list[Confusion]:
    """Those of the first run that has any; of an artifact, those beside it."""
    runs: Sequence[Path | None] = choice.runs or [None]
    targets = [choice.path] if choice.is_artifact else choice.runs
    for run, target in zip(runs, targets, strict=True):
        reports = evaluations(run, evaluation_files(target))
        seed_run = target_name(run) if run is not None and len(choice.runs) > 1 else ""
        found = [confusion for report in reports if (confusion := _read(choice, report, seed_run))]
        if found:
            return found
    return []


def _read(choice: Choice, report: Mapping[str, Any], seed_run: str) -> Confusion | None:
    """The table of a report of `mbert eval`; None where it has none, or one that does not fit its labels."""
    labels = [str(row.get("label")) for row in report.get("labels") or [] if isinstance(row, dict)]
    counts = report.get("confusion") or []
    if not labels or [len(row) for row in counts] != [len(labels)] * len(labels):
        return None
    task = str(report.get("task") or choice.task)
    scored = SetDescription.of(report)
    return Confusion(choice.name, task, scored, labels, counts, settings_of(report), seed_run)
