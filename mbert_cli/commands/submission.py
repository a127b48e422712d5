"""`mbert eval --submission DIR`: the files that GLUE's leaderboard scores."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mbert_cli import console
from mbert_cli.commands.task_model import TaskModel
from mbert_cli.data.examples import TaskData
from mbert_cli.data.glue import GLUE
from mbert_cli.data.glue_submission import TESTS, load_tests
from mbert_cli.data.options import GlueTask, Task
from mbert_cli.errors import UserError
from mbert_cli.train.manifest import replace_file


def write_submission(model: TaskModel, options: Task, folder: Path, batch_size: int) -> None:
    """Answers the test sets of a GLUE task and writes a file for each.

    Args:
        model: A model of the task.
        options: The task's recipe section.
        folder: Where the files go; made if it is not there. Files of other tasks in it stay.
        batch_size: Examples of one forward pass.

    Raises:
        UserError: The task is not one of GLUE, or a test set is missing or not the official one.
    """
    if not isinstance(options, GlueTask):
        raise UserError(
            f"Only tasks of GLUE have a leaderboard. Received: a task of the source {options.source}",
            "Name a run that was fine-tuned on one, or leave --submission out.",
        )
    row = GLUE[options.name]
    task = TaskData(options.name, list(row.labels), {}, row.metrics, row.kind)
    model = model.answering(task)
    write = _writer(options.name)
    tests = load_tests(options)
    folder.mkdir(parents=True, exist_ok=True)
    for test in tests:
        encoded = model.encode(task, test.examples, options)
        answers = [write(answer) for answer in encoded.judge.decide(model.answer(encoded, batch_size))]
        lines = ["index\tprediction", *(f"{place}\t{answer}" for place, answer in enumerate(answers))]
        path = folder / test.row.submission
        replace_file(path, ("\n".join(lines) + "\n").encode())
        console.result(f"{path}: {len(answers):,} predictions")
    for row in TESTS[options.name][len(tests) :]:
        console.info(f"{row.submission} is not written: none of {', '.join(row.files)} in {options.folder}")


def _writer(name: str) -> Callable[[np.generic], str]:
    """How an answer of a task stands in the leaderboard's files: as in the task's own."""
    row = GLUE[name]
    if row.kind == "regression":
        low, high = 0.0, 5.0
        return lambda value: f"{min(max(float(value), low), high):.3f}"
    names = row.written or row.labels
    return lambda label: names[int(label)]
