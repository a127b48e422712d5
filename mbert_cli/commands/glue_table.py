"""`mbert runs --glue`: the table of the papers, models by row and GLUE's tasks by column."""

import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from mbert_cli import console
from mbert_cli.commands.inputs import started_from
from mbert_cli.commands.runs import require_root
from mbert_cli.commands.search_report import read_report
from mbert_cli.train.run_dir import recorded_recipe
from mbert_cli.train.run_list import TRIALS, RunInfo, is_search, list_runs

TASKS = ("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli")
"""In the order of the leaderboard."""

MISMATCHED = Path("eval", "validation_mismatched.json")

Scores = Mapping[str, Sequence[float]]
"""Scores of the runs of one model, one a seed, by task."""


def run(root: Path) -> None:
    """Shows the mean score of every fine-tuned model on each task of GLUE's development sets.

    Args:
        root: The folder of the runs.
    """
    require_root(root)
    models = _collect(root)
    if not models:
        console.info(f"There is no complete finetune run of a GLUE task in {root}.")
        return
    tasks = [task for task in TASKS if any(task in scores for scores in models.values())]
    rows = [_row(name, scores, tasks) for name, scores in models.items()]
    console.table("GLUE, development sets", ["model", *tasks, "average", "without wnli"], rows)
    console.result(
        "A cell is the mean of a task's figures in percent; with several runs their mean ± standard deviation."
    )
    console.result(
        "MNLI is the mean of matched and mismatched where `mbert eval` scored both, else matched alone."
    )
    console.result(
        f"Averages are over the {len(tasks)} tasks here, each counting once, and over those without WNLI; "
        "they are empty where a model lacks a task. GLUE's own average is over all nine."
    )


def _collect(root: Path) -> dict[str, Scores]:
    models: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for info in list_runs(root):
        if info.verb != "finetune" or info.finished is None or info.score is None:
            continue
        recipe = recorded_recipe(info.path)
        if recipe["task"]["source"] == "glue":
            source = started_from(recipe).name
            name = source if recipe["pretrained"] else f"fresh weights of the shape of {source}"
            models[name][recipe["task"]["name"]].extend(_scores(info))
    return dict(sorted(models.items()))


def _scores(info: RunInfo) -> list[float]:
    """The score of a run; of a search those of the chosen setting, one a seed."""
    if not is_search(info.path):
        return [_score(info.path, info.score)]
    trials = read_report(info.path).chosen.trials
    paths = [info.path / TRIALS / trial.name for trial in trials]
    # With the second set of some seeds alone, the deviation would be that between the sets.
    is_matched_alone = not all((path / MISMATCHED).is_file() for path in paths)
    return [
        trial.score if is_matched_alone else _score(path, trial.score)
        for path, trial in zip(paths, trials, strict=True)
    ]


def _score(run: Path, matched: float) -> float:
    """A run's score, with MNLI's second set where it was scored."""
    path = run / MISMATCHED
    if not path.is_file():
        return matched
    return (matched + json.loads(path.read_text(encoding="utf-8"))["score"]) / 2


def _row(name: str, scores: Scores, tasks: Sequence[str]) -> list[str]:
    cells = [_cell(scores.get(task, ())) for task in tasks]
    others = [task for task in tasks if task != "wnli"]
    return [name, *cells, _average(scores, tasks), _average(scores, others)]


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean = f"{100 * statistics.mean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * statistics.stdev(values):.1f}"


def _average(scores: Scores, tasks: Sequence[str]) -> str:
    if not tasks or any(task not in scores for task in tasks):
        return ""
    return f"{100 * statistics.mean(statistics.mean(scores[task]) for task in tasks):.1f}"
