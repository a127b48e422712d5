"""`mbert eval`: a run or an artifact -> the task's official figures."""

import json
from pathlib import Path

import numpy as np

from mbert_cli import console
from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.submission import write_submission
from mbert_cli.commands.task_model import ARTIFACT, TaskModel, find_target, open_task_model, say_what_is_cut
from mbert_cli.data.sampling import thin
from mbert_cli.data.tasks import TaskData, load_task
from mbert_cli.errors import UserError
from mbert_cli.evaluate.metrics import by_range, confusion, per_class, score, score_name
from mbert_cli.recipe.schema import EvalRecipe
from mbert_cli.train.manifest import replace_file


def run(invocation: Invocation) -> None:
    """Scores a fine-tuned run or a .tflite file on the validation examples of its task."""
    recipe: EvalRecipe = invocation.loaded.recipe
    target = find_target(invocation)
    if invocation.dry_run:
        if invocation.submission:
            console.result(f"Would answer GLUE's test sets with {target} in {invocation.submission}")
            return
        console.result(
            f"Would score {target} on {recipe.evaluate.split} and write {_report_path(target, recipe)}"
        )
        return
    model = open_task_model(target)
    options = recipe.task or model.description.task
    if invocation.submission:
        write_submission(model, options, invocation.submission, recipe.evaluate.batch_size)
        return
    task = load_task(options, recipe.evaluate.split)
    _require_labels(task, model)
    examples = thin(task.sets[recipe.evaluate.split], recipe.evaluate.max_examples)
    batches = model.batches(examples, recipe.evaluate.batch_size)
    say_what_is_cut(batches)
    predicted = model.kind.decide(model.predict(batches.in_order()))
    result = score(task.metrics, examples.labels, predicted)
    title = f"{task.name} {recipe.evaluate.split}, {len(examples):,} examples: {result} ({target})"
    show = _show_numbers if task.kind == "regression" else _show_labels
    details = show(title, task, examples.labels, predicted)
    report = {
        "target": str(target), "task": task.name, "split": recipe.evaluate.split,
        "examples": len(examples), "metric": score_name(task.metrics), "score": result.value,
        "figures": result.figures, **details,
    }  # fmt: skip
    path = _report_path(target, recipe)
    path.parent.mkdir(exist_ok=True)
    replace_file(path, (json.dumps(report, indent=2) + "\n").encode())
    console.info(f"Written to {path}")


def _require_labels(task: TaskData, model: TaskModel) -> None:
    if task.labels != model.description.labels:
        raise UserError(
            "A task model is scored on a task with its own labels in its own order. "
            f"Received: {', '.join(task.labels)} for {model.path}, which knows "
            f"{', '.join(model.description.labels)}",
            "Name the labels in order with task.labels, or score another run.",
        )


def _report_path(target: Path, recipe: EvalRecipe) -> Path:
    split = recipe.evaluate.split
    if target.suffix == ARTIFACT:
        return target.with_name(f"{target.stem}-eval-{split}.json")
    return target / "eval" / f"{split}.json"


def _show_labels(title: str, task: TaskData, labels: np.ndarray, predicted: np.ndarray) -> dict:
    """Prints figures per label and the confusion table, and returns them for the report."""
    rows = per_class(labels, predicted, task.labels)
    table = confusion(labels, predicted, len(task.labels))
    console.table(
        title,
        ["label", "precision", "recall", "F1", "examples"],
        [
            (row.label, f"{row.precision:.1%}", f"{row.recall:.1%}", f"{row.f1:.1%}", f"{row.examples:,}")
            for row in rows
        ],
    )
    console.table(
        "Confusion: true label by row, predicted label by column",
        ["", *task.labels],
        [
            (label, *(f"{count:,}" for count in counts))
            for label, counts in zip(task.labels, table, strict=True)
        ],
    )
    return {"labels": [vars(row) for row in rows], "confusion": table.tolist()}


def _show_numbers(title: str, task: TaskData, labels: np.ndarray, predicted: np.ndarray) -> dict:
    """Prints predicted beside true numbers by fifths of the true ones, and returns them for the report."""
    rows = by_range(labels, predicted)
    console.table(
        title,
        [f"true {task.labels[0]}", "mean predicted", "mean absolute error", "examples"],
        [
            (
                f"{row.low:.2f} to {row.high:.2f}",
                f"{row.predicted:.2f}",
                f"{row.error:.2f}",
                f"{row.examples:,}",
            )
            for row in rows
        ],
    )
    return {"ranges": [vars(row) for row in rows]}
