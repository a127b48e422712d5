"""What the training of each model cost, and of the models that it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mbert_cli.figures import counted
from mbert_cli.report.choices import Choice
from mbert_cli.runs.ancestry import ancestors, task_of, teacher_of
from mbert_cli.runs.artifacts import target_name
from mbert_cli.runs.lineage import IMPORT
from mbert_cli.runs.listing import read_origin, recorded_recipe, run_kind
from mbert_cli.runs.training_log import LOSS_FIGURE, SCORE_FIGURE, Curve, TrainingCost, curves, training_cost
from mbert_cli.table import Table, without_empty_columns

_COLUMNS = ["run", "kind", "teacher", "trainings", "steps", "examples", "hours", "on"]
_HOURS = (
    "Hours are those of the steps at the speed that was logged, the compilation of the first included; loading, "
    "validation and checkpoints are not."
)
_MANY = 100
"""Hours from which on no fraction is shown."""


@dataclass(frozen=True)
class Trained:
    """A model of the page or one that it came from, with its training.

    Attributes:
        name: What it is called.
        runs: Its runs, several where they differ in their seed.
        kind: The verb that made it, and for a distillation the strategy.
        task: Name of the task; "" where it has none.
        teacher: The teacher of the model, or of what it began with; None where there was none.
        cost: What all of its trainings cost together.
        devices: What they ran on.
    """

    name: str
    runs: tuple[Path, ...]
    kind: str
    task: str
    teacher: Path | None
    cost: TrainingCost
    devices: tuple[str, ...]

    @cached_property
    def losses(self) -> list[list[Curve]]:
        """The loss of each run, a curve for each stage; raises as `curves`."""
        return [curves(run, LOSS_FIGURE) for run in self.runs]

    @cached_property
    def scores(self) -> list[list[Curve]]:
        """The score on the validation set in the same way."""
        return [curves(run, SCORE_FIGURE) for run in self.runs]


def read_trainings(models: Sequence[Choice]) -> list[Trained]:
    """The trainings of some models, then those of all that they came from, each once.

    Raises:
        UserError: A log is damaged.
    """
    own = [_read(model.name, model.runs) for model in models]
    known = {run.resolve() for model in models for run in model.runs}
    before: dict[Path, Path] = {}
    for model in models:
        for run in model.runs:
            before |= {found.resolve(): found for found in ancestors(run) if found.resolve() not in known}
    return [*own, *(_read(target_name(run), (run,)) for run in before.values())]


def training_table(trainings: Sequence[Trained]) -> Table:
    """A row for each."""
    imported = [training.name for training in trainings if training.kind == IMPORT]
    rows = [_row(training) for training in trainings if training.kind != IMPORT]
    several = [training for training in trainings if training.cost.trainings > 1]
    notes = [_HOURS] if rows else []
    if several:
        notes.append("Figures of several trainings, seeds or trials of a search, are sums.")
    if imported:
        notes.append(f"What imported models cost is not known: {', '.join(dict.fromkeys(imported))}.")
    return without_empty_columns(Table("What training cost", _COLUMNS, rows, notes))


def training_record(training: Trained) -> dict[str, Any]:
    """The same as JSON has it."""
    cost = training.cost
    return {
        "name": training.name,
        "runs": training.runs,
        "kind": training.kind,
        "teacher": training.teacher,
        "trainings": cost.trainings,
        "steps": cost.steps,
        "examples": cost.examples,
        "hours": None if cost.seconds is None else cost.seconds / 3600,
        "devices": training.devices,
    }


def _read(name: str, runs: tuple[Path, ...]) -> Trained:
    recipe, kind = recorded_recipe(runs[0]), run_kind(runs[0])
    strategy = (recipe.get("distill") or {}).get("strategy")
    return Trained(
        name=name,
        runs=runs,
        kind=f"distill ({strategy})" if strategy else kind,
        task=task_of(recipe) if recipe.get("task") else "",
        teacher=teacher_of(runs[0]),
        cost=TrainingCost(0, None, None, None) if kind == IMPORT else training_cost(runs),
        devices=tuple(dict.fromkeys(device for run in runs for device in _devices(run))),
    )


def _devices(run: Path) -> list[str]:
    """`cpu, 2 cores` of each session that trained."""
    sessions = read_origin(run).get("sessions") or []
    return [
        f"{session['device']}, {counted(session['cores'], 'core')}"
        for session in sessions
        if session.get("device") and isinstance(session.get("cores"), int)
    ]


def _row(training: Trained) -> list[str]:
    cost = training.cost
    return [
        training.name,
        training.kind,
        training.teacher.name if training.teacher else "",
        f"{cost.trainings}" if cost.trainings > 1 else "",
        "" if cost.steps is None else f"{cost.steps:,}",
        "" if cost.examples is None else f"{cost.examples:,}",
        _hours(cost.seconds),
        "; ".join(training.devices),
    ]


def _hours(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours = seconds / 3600
    return f"{hours:,.0f}" if hours >= _MANY else f"{hours:.2g}" if hours < 1 else f"{hours:.1f}"
