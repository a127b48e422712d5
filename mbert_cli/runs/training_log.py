"""What a training cost and how it went, from the log of its run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mbert_cli.json_text import read_object
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import (
    FINAL,
    JOURNAL,
    SUMMARY,
    TRIALS,
    is_run,
    is_search,
    recorded_recipe,
    steps_of,
)

Number = TypeVar("Number", int, float)

LOSS_FIGURE = "loss/total"
SCORE_FIGURE = "validation/score"


@dataclass(frozen=True)
class TrainingCost:
    """What trainings cost together, as far as their logs say.

    Attributes:
        trainings: How many there were.
        steps: Batches; None where no log counts them.
        examples: Examples of these batches; None where the recipe says no batch size.
        seconds: Time of the steps, the first one's compilation included; loading, validation and checkpoints are not.
            None where no speed was logged, or not up to the last step.
    """

    trainings: int
    steps: int | None
    examples: int | None
    seconds: float | None


@dataclass(frozen=True)
class Curve:
    """A figure of a log over the steps of one stage.

    Attributes:
        stage: Name of the stage.
        steps: When it was logged, ascending.
        values: The figure.
    """

    stage: str
    steps: Sequence[int]
    values: Sequence[float]


def training_cost(runs: Sequence[Path]) -> TrainingCost:
    """What some runs cost together; a search costs what all of its trials did.

    Args:
        runs: Their directories.

    Raises:
        UserError: A log is damaged.
    """
    trainings = [training for run in runs for training in _trainings(run)]
    costs = [_cost_of_one(training) for training in trainings]
    return TrainingCost(
        trainings=len(costs),
        steps=_sum([cost.steps for cost in costs]),
        examples=_sum([cost.examples for cost in costs]),
        seconds=_sum([cost.seconds for cost in costs]),
    )


def curves(run: Path, figure: str) -> list[Curve]:
    """A figure of a run's log, a curve for each stage; of a search, that of the trial whose model it stands for.

    Args:
        run: Its directory.
        figure: Name of the figure.

    Raises:
        UserError: The log is damaged.
    """
    trial = read_object(run / FINAL / SUMMARY).get("trial")
    place = run / TRIALS / trial if is_search(run) and trial else run
    found: dict[str, list[tuple[int, float]]] = {}
    for record in Journal(place / JOURNAL).read():
        if isinstance(record.get(figure), int | float) and isinstance(record.get("step"), int):
            found.setdefault(str(record.get("stage", "")), []).append((record["step"], record[figure]))
    return [Curve(stage, *map(list, zip(*points, strict=True))) for stage, points in found.items()]


def _trainings(run: Path) -> list[Path]:
    """The run, or the trials of a search that have begun."""
    if not is_search(run):
        return [run]
    return [trial for trial in sorted((run / TRIALS).glob("*")) if is_run(trial)]


def _cost_of_one(run: Path) -> TrainingCost:
    steps, batch_size = steps_of(run), (recorded_recipe(run).get("train") or {}).get("batch_size")
    if not isinstance(batch_size, int):
        return TrainingCost(1, steps, None, None)
    return TrainingCost(
        1, steps, None if steps is None else steps * batch_size, _seconds(run, batch_size, steps)
    )


def _seconds(run: Path, batch_size: int, steps: int | None) -> float | None:
    """Steps by the speed that was logged with them; the first step of a session has a time of its own.

    None where the log ends before the training does, since a part of it would pass for the whole.
    """
    seconds, before, timed_apart, is_known = 0.0, 0, 0, False
    for record in Journal(run / JOURNAL).read():
        step, speed = record.get("step"), record.get("examples_per_second")
        if not isinstance(step, int):
            continue
        if record.get("event") == "first_step":
            seconds, timed_apart, is_known = seconds + float(record["seconds"]), timed_apart + 1, True
        elif LOSS_FIGURE in record:
            if isinstance(speed, int | float) and speed > 0:
                seconds, is_known = seconds + (step - before - timed_apart) * batch_size / speed, True
            before, timed_apart = step, 0
    return seconds if is_known and before >= (steps or 0) else None


def _sum(numbers: Sequence[Number | None]) -> Number | None:
    """The sum; None where one is missing, since a part of it would pass for the whole."""
    known = [number for number in numbers if number is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(numbers) else None
