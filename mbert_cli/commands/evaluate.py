"""`mbert eval`: runs and artifacts -> the task's official figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.reports import REPORTS
from mbert_cli.commands.submission import write_submission
from mbert_cli.commands.task_length import with_chosen_length
from mbert_cli.commands.task_model import ARTIFACT, TaskModel, find_target, open_task_model
from mbert_cli.data.examples import TaskData
from mbert_cli.data.options import Task
from mbert_cli.data.sampling import thin
from mbert_cli.data.tasks import load_task
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.metrics import Score, score_name
from mbert_cli.recipe.schema import EvalRecipe
from mbert_cli.train.manifest import replace_file


def run(invocation: Invocation) -> None:
    """Scores fine-tuned runs and .tflite files on the validation examples of their task."""
    recipe: EvalRecipe = invocation.loaded.recipe
    targets = invocation.targets or (find_target(invocation),)
    split = recipe.evaluate.split
    if invocation.dry_run:
        for target in targets:
            console.result(_plan(invocation, target, split))
        return
    if invocation.submission:
        model = with_chosen_length(open_task_model(targets[0]), invocation)
        options = recipe.task or model.description.task
        write_submission(model, options, invocation.submission, recipe.evaluate.batch_size)
        return
    models = [with_chosen_length(open_task_model(target), invocation) for target in targets]
    options = recipe.task or models[0].description.task
    task = load_task(options, split)
    for note in task.notes:
        console.info(note)
    for warning in task.warnings:
        console.warning(warning)
    models = [model.answering(task) for model in models]
    examples = thin(task.sets[split], recipe.evaluate.max_examples)
    results = [_score(model, task, examples, options, recipe) for model in models]
    if len(results) > 1:
        _show_side_by_side(f"{task.name} {split}, {len(examples):,} examples", results)


@dataclass(frozen=True)
class _Result:
    """What one model said."""

    model: TaskModel
    judge: Judge
    outputs: np.ndarray
    score: Score


def _score(model: TaskModel, task: TaskData, examples: Any, options: Task, recipe: EvalRecipe) -> _Result:
    """Scores one model, shows its figures and writes its report."""
    split, target = recipe.evaluate.split, model.path
    name = split if _is_own(options, model) else f"{task.name}-{split}"
    encoded = model.encode(task, examples, options)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.evaluate.batch_size)
    predicted = encoded.judge.decide(outputs)
    result = encoded.judge.score(predicted)
    title = f"{task.name} {split}, {len(examples):,} examples: {result} ({target})"
    report = {
        "target": str(target), "task": task.name, "split": split, "examples": len(examples),
        "metric": score_name(encoded.judge.metrics), "score": result.value, "figures": result.figures,
    }  # fmt: skip
    details = REPORTS[task.kind](title, task, examples, encoded.judge, predicted)
    _write(report | result.details | details.report, _report_path(target, name))
    for ending, content in details.files.items():
        _write(content, _report_path(target, f"{name}-{ending}"))
    return _Result(model, encoded.judge, outputs, result)


def _is_own(options: Task, model: TaskModel) -> bool:
    """Whether this is the task that the model was fine-tuned for; the report of another one has its name."""
    own = model.description.task
    return (options.source, getattr(options, "name", None)) == (own.source, getattr(own, "name", None))


def _show_side_by_side(title: str, results: list[_Result]) -> None:
    """Figures of several models, and how often the answers of each are others than those of the first."""
    first = results[0]
    rows = [
        (
            str(result.model.path),
            *(f"{value:.2%}" for value in result.score.figures.values()),
            _disagreement(first, result),
        )
        for result in results
    ]
    console.table(title, ["model", *first.score.figures, "answers that differ"], rows)


def _disagreement(first: _Result, other: _Result) -> str:
    """Empty for the first itself, and for rows of another length, which cut a text in other places."""
    if other is first or first.model.sequence_length != other.model.sequence_length:
        return ""
    return f"{np.mean(first.judge.differ(first.outputs, other.outputs)):.2%}"


def _plan(invocation: Invocation, target: Path, split: str) -> str:
    if invocation.submission:
        return f"Would answer the test sets with {target} in {invocation.submission}"
    return f"Would score {target} on {split} and write {_report_path(target, split)}"


def _report_path(target: Path, name: str) -> Path:
    if target.suffix == ARTIFACT:
        return target.with_name(f"{target.stem}-eval-{name}.json")
    return target / "eval" / f"{name}.json"


def _write(content: Any, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # Half a character, as in the name of a file whose bytes are no UTF-8, is escaped as JSON does.
    replace_file(path, text.encode(errors="backslashreplace"))
    console.info(f"Written to {path}")
