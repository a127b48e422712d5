"""`mbert runs --glue`: the table of the papers, models by row and GLUE's tasks by column."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from mbert_cli.examples.options import GlueName
from mbert_cli.figures import counted
from mbert_cli.json_text import read_json
from mbert_cli.page import Page
from mbert_cli.report.recorded_scores import evaluations
from mbert_cli.report.score_fields import set_fields
from mbert_cli.report.seeds import common_name, runs_by_seed
from mbert_cli.runs.ancestry import started_from, weights_from
from mbert_cli.runs.artifacts import evaluation_file
from mbert_cli.runs.lineage import FINE_TUNED
from mbert_cli.runs.listing import (
    FINAL,
    SUMMARY,
    TRIALS,
    RunInfo,
    is_search,
    recorded_recipe,
    runs_in_use,
)
from mbert_cli.search.results import read_report
from mbert_cli.table import Table
from mbert_cli.weights.description import UNRECORDED_SET, SetDescription

TASKS = get_args(GlueName)

MISMATCHED = "validation_mismatched"


@dataclass(frozen=True)
class Column:
    """What scores have in common that may stand in one column.

    Attributes:
        task: A task of GLUE.
        sets: The sets that were scored, one or both for MNLI; empty where none was recorded.
        has_both: For MNLI, whether both sets were scored.
    """

    task: str
    sets: tuple[SetDescription, ...] = ()
    has_both: bool = False


@dataclass(frozen=True)
class Cell:
    """What a model reached in a column.

    Attributes:
        values: The scores, one per seed.
        recipes: How many recipes were tried; the scores are those of the best.
    """

    values: Sequence[float]
    recipes: int = 1

    @property
    def mean(self) -> float:
        return statistics.mean(self.values)

    @property
    def deviation(self) -> float | None:
        """As a sample; None for one seed."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


ModelScores = Mapping[Column, Cell]
"""What one model reached."""

_Model = tuple[tuple[Path, ...], str]
"""What makes a row: the runs that its runs started from, and how they are called, with {} for those runs."""


def glue_page(root: Path) -> Page:
    """The mean score of every fine-tuned model on each task of GLUE's development sets.

    Args:
        root: The folder of the runs.
    """
    return arrange_glue(_collect(root), f"There is no complete finetune run of a GLUE task in {root}.")


def arrange_glue(models: Mapping[str, ModelScores], nothing: str) -> Page:
    """The page of the scores of some models.

    Args:
        models: ModelScores by the name of the model.
        nothing: What is said where there are no models.
    """
    columns = _columns(models)
    averaged = _averaged(columns)
    record = {"models": [_record(name, scores, columns, averaged) for name, scores in models.items()]}
    if not models:
        return Page(record=record, notes=[nothing])
    headings = ["model", *(_heading(column, columns) for column in columns), "average", "without wnli"]
    rows = [_row(name, scores, columns, averaged) for name, scores in models.items()]
    notes = [*_explained(columns, averaged), *_chosen(models)]
    return Page([Table("GLUE, development sets", headings, rows, notes)], record)


def _columns(models: Mapping[str, ModelScores]) -> list[Column]:
    """All columns: tasks in the order of the leaderboard, and for each the sets with most examples first."""

    def order(column: Column) -> tuple[int, int, list[str]]:
        examples = sum(found.examples for found in column.sets)
        return TASKS.index(column.task), -examples, [found.digest for found in column.sets]

    return sorted({column for scores in models.values() for column in scores}, key=order)


def _averaged(columns: Sequence[Column]) -> list[Column]:
    """The column of each task that counts for averages: the first."""
    return list({column.task: column for column in reversed(columns)}.values())[::-1]


def _heading(column: Column, columns: Sequence[Column]) -> str:
    """`sst2`, and where a task has several columns `sst2, 872 examples (set 3f9a1c02)`."""
    if sum(other.task == column.task for other in columns) == 1:
        return column.task
    sets = " and ".join(map(str, column.sets)) or UNRECORDED_SET
    is_which = column.task == "mnli" and not column.sets
    part = f" {'both sets' if column.has_both else 'matched'}," if is_which else ""
    return f"{column.task},{part} {sets}"


def _explained(columns: Sequence[Column], averaged: Sequence[Column]) -> list[str]:
    lines = [
        "A cell is the mean of a task's figures in percent; with several runs their mean ± sample standard deviation.",
        "MNLI is the mean of matched and mismatched where `mbert eval` scored both, else matched alone.",
        (
            f"Averages are over the {counted(len(averaged), 'task')} here, each counting once, and over those "
            "without WNLI; they are empty where a model lacks a task. GLUE's own average is over all nine."
        ),
    ]
    if len(averaged) < len(columns):
        lines.append(
            "A task whose runs were scored on different sets has a column for each; averages count the first."
        )
    return lines


def _chosen(models: Mapping[str, ModelScores]) -> list[str]:
    """Which cells are those of the best of several recipes."""
    several = {
        name: ", ".join(
            f"{column.task} ({cell.recipes:,})" for column, cell in scores.items() if cell.recipes > 1
        )
        for name, scores in models.items()
    }
    found = [f"{name}: {tasks}" for name, tasks in several.items() if tasks]
    told = (
        "Where runs differ in more than their seeds, or repeat one, the best recipe counts, out of so many:"
    )
    return [f"{told} {'; '.join(found)}."] if found else []


def _collect(root: Path) -> dict[str, ModelScores]:
    infos = {info.path: info for info in runs_in_use(root) if _is_scored(info)}
    tried: dict[_Model, dict[Column, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for runs in runs_by_seed(list(infos)):
        values: dict[Column, list[float]] = defaultdict(list)
        for run in runs:
            column, scores = _scores(infos[run], recorded_recipe(run)["task"]["name"])
            values[column].extend(scores)
        for column, scores in values.items():
            tried[_model_of(runs)][column].append(scores)
    names = _names(list(tried))
    models = {
        names[model]: {
            column: Cell(max(recipes, key=statistics.mean), len(recipes))
            for column, recipes in columns.items()
        }
        for model, columns in tried.items()
    }
    return dict(sorted(models.items()))


def _is_scored(info: RunInfo) -> bool:
    """Whether a run is a complete one of a task of GLUE."""
    if info.kind not in FINE_TUNED or info.finished is None or info.score is None:
        return False
    task = recorded_recipe(info.path)["task"]
    return bool(task and task["source"] == "glue")


def _model_of(runs: Sequence[Path]) -> _Model:
    """The row of runs that differ in their seeds."""
    recipe = recorded_recipe(runs[0])
    sources = tuple(sorted({_from_here(started_from(run)) for run in runs}))
    if not recipe.get("distill"):
        return sources, "{}" if recipe["pretrained"] else "fresh weights of the shape of {}"
    return sources, "{}, distilled on the task" if weights_from(runs[0]) else "fresh weights, taught by {}"


def _from_here(path: Path) -> Path:
    """One spelling of all paths that lead to a place: from the working directory, where it lies there."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


def _names(models: Sequence[_Model]) -> dict[_Model, str]:
    """Rows by the names of the runs that they started from; by their paths where names do not tell them apart."""

    def name(model: _Model, shown: Callable[[Path], str]) -> str:
        sources, how = model
        return how.format(common_name([shown(source) for source in sources]))

    short = {model: name(model, lambda source: source.name) for model in models}
    counts = Counter(short.values())
    return {model: one if counts[one] == 1 else name(model, str) for model, one in short.items()}


def _scores(info: RunInfo, task: str) -> tuple[Column, list[float]]:
    """The score of a run; for a search those of the chosen setting, one per seed."""
    matched = _described(info.path / FINAL / SUMMARY)
    chosen = read_report(info.path).chosen if is_search(info.path) else None
    scored = (
        [(info.path, info.score)]
        if chosen is None
        else [(info.path / TRIALS / trial.name, trial.score) for trial in chosen.trials]
    )
    paths = [path for path, _ in scored]
    values = [score for _, score in scored if score is not None]
    seconds = [
        report["score"] for path in paths for report in evaluations(path, [evaluation_file(path, MISMATCHED)])
    ]
    # With the second set of some seeds alone, the deviation would be that between the sets.
    if len(seconds) < len(paths):
        return Column(task, matched), values
    both = (*matched, *_described(evaluation_file(paths[0], MISMATCHED)))
    return Column(task, both, has_both=True), [sum(pair) / 2 for pair in zip(values, seconds, strict=True)]


def _described(path: Path) -> tuple[SetDescription, ...]:
    """The set that a file of figures names."""
    found = SetDescription.of(read_json(path))
    return (found,) if found else ()


def _row(name: str, scores: ModelScores, columns: Sequence[Column], averaged: Sequence[Column]) -> list[str]:
    cells = [_shown(scores[column]) if column in scores else "" for column in columns]
    averages = [_average(scores, averaged), _average(scores, _without_wnli(averaged))]
    return [name, *cells, *("" if value is None else f"{100 * value:.1f}" for value in averages)]


def _record(
    name: str, scores: ModelScores, columns: Sequence[Column], averaged: Sequence[Column]
) -> dict[str, Any]:
    return {
        "model": name,
        "tasks": [_figures(column, scores[column]) for column in columns if column in scores],
        "average": _average(scores, averaged),
        "average_without_wnli": _average(scores, _without_wnli(averaged)),
    }


def _figures(column: Column, cell: Cell) -> dict[str, Any]:
    return {
        "task": column.task,
        "sets": [set_fields(found) for found in column.sets],
        "matched_and_mismatched": column.has_both,
        "runs": len(cell.values),
        "mean": cell.mean,
        "deviation": cell.deviation,
        "recipes": cell.recipes,
    }


def _shown(cell: Cell) -> str:
    mean = f"{100 * cell.mean:.1f}"
    return mean if cell.deviation is None else f"{mean} ± {100 * cell.deviation:.1f}"


def _average(scores: ModelScores, columns: Sequence[Column]) -> float | None:
    """The mean over tasks; None where the model lacks one of them."""
    if not columns or any(column not in scores for column in columns):
        return None
    return statistics.mean(scores[column].mean for column in columns)


def _without_wnli(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.task != "wnli"]
