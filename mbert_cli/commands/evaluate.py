"""`mbert eval`: runs and artifacts -> the task's official figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.metrics import Score, score_name
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import Task
from mbert_cli.examples.sampling import thin
from mbert_cli.examples.texts import TaskData
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import EvalRecipe
from mbert_cli.runs.manifest import replace_file
from mbert_cli.tasks.evaluation_names import report_name, report_path
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel, find_target, open_task_model
from mbert_cli.tasks.pair_segments import say_other_texts
from mbert_cli.tasks.row_length import refuse_batch_size, with_chosen_length
from mbert_cli.tasks.submission import write_submissions
from mbert_cli.tasks.task_set import describe_set
from mbert_cli.weights.description import SetDescription


def run(invocation: Invocation) -> None:
    """Scores fine-tuned runs and .tflite files on the validation examples of their task."""
    recipe: EvalRecipe = invocation.loaded.recipe
    targets = invocation.targets or (find_target(invocation),)
    split = recipe.evaluate.split
    refuse_batch_size(invocation, "evaluate.batch_size", targets)
    if invocation.submission:
        _refuse_other_sets(invocation)
    if invocation.dry_run:
        for target in targets:
            console.result(_plan(invocation, target, split))
        return
    models = [with_chosen_length(open_task_model(target), invocation) for target in targets]
    if invocation.submission:
        write_submissions(models, recipe.task, invocation.submission, recipe.evaluate.batch_size)
        return
    options = recipe.task or models[0].description.task
    task = load_task(options, split)
    for note in task.notes:
        console.info(note)
    for warning in task.warnings:
        console.warning(warning)
    models = [model.answering(task) for model in models]
    whole = describe_set(task, task.sets[split])
    for model in models:
        model.warn_of_other_set(options, split, whole)
        say_other_texts(model.path, model.description.task, options)
    examples = thin(task.sets[split], recipe.evaluate.max_examples)
    scored = _Scored(task, split, examples, options, whole, describe_set(task, examples))
    results = [_score(model, scored, recipe) for model in models]
    if len(results) > 1:
        _show_side_by_side(scored.title, results)


def _refuse_other_sets(invocation: Invocation) -> None:
    """Refuses the choice of a set where the leaderboard's are answered."""
    for key in ("evaluate.split", "evaluate.max_examples"):
        if invocation.loaded.origins.get(key) == "--set":
            raise UserError(
                f"A submission answers the whole of the test sets. Received: {key} beside --submission",
                f"Leave {key} out.",
            )


@dataclass(frozen=True)
class _Scored:
    """What all models are scored on.

    Attributes:
        task: The task.
        split: Name of its set.
        examples: The set, or a part of it.
        options: The task's recipe section.
        whole: The set.
        part: What is scored of it.
    """

    task: TaskData
    split: str
    examples: Any
    options: Task
    whole: SetDescription
    part: SetDescription

    @property
    def title(self) -> str:
        """`sst2 validation, 872 examples (set 3f9a1c02)`."""
        return f"{self.task.name} {self.split}, {self.part}"


@dataclass(frozen=True)
class _Result:
    """What one model said."""

    model: TaskModel
    judge: Judge
    outputs: np.ndarray
    score: Score


def _score(model: TaskModel, scored: _Scored, recipe: EvalRecipe) -> _Result:
    """Scores one model, shows its figures and writes its report."""
    task, split, target = scored.task, scored.split, model.path
    name = report_name(model, scored.options, split, task.name, scored.whole, scored.part)
    encoded = model.encode(task, scored.examples, scored.options)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.evaluate.batch_size)
    predicted = encoded.judge.decide(outputs)
    result = encoded.judge.score(predicted)
    report = {
        "target": str(target), "task": task.name, "split": split, "examples": scored.part.examples,
        "set": scored.part.digest, "metric": score_name(encoded.judge.metrics), "score": result.value,
        "figures": result.figures,
    }  # fmt: skip
    title = f"{scored.title}: {result} ({target})"
    details = kind_of(task.kind).details(title, task, scored.examples, encoded.judge, predicted)
    for table in details.tables:
        console.table(table.title, table.columns, table.rows)
    _write(report | result.details | details.report, report_path(target, name))
    for ending, content in details.files.items():
        _write(content, report_path(target, f"{name}-{ending}"))
    return _Result(model, encoded.judge, outputs, result)


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
    return f"Would score {target} on {split} and write {report_path(target, split)}"


def _write(content: Any, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # Half a character, as in the name of a file whose bytes are no UTF-8, is escaped as JSON does.
    replace_file(path, text.encode(errors="backslashreplace"))
    console.info(f"Written to {path}")
