"""`mbert eval --submission DIR`: the files that GLUE's leaderboard scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.glue_submission import TESTS, SubmissionSet, load_tests
from mbert_cli.examples.options import AnyTask, GlueTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.runs.artifacts import target_name
from mbert_cli.runs.manifest import replace_file
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel


@dataclass(frozen=True)
class _Submission:
    """One model and the test sets that it answers.

    Attributes:
        model: A model of the task.
        options: The task's recipe section.
        task: The task.
        tests: Its test sets.
    """

    model: TaskModel
    options: GlueTask
    task: TaskData
    tests: Sequence[SubmissionSet]

    @property
    def files(self) -> list[str]:
        """Names of the files that it writes."""
        return [test.row.submission for test in self.tests]


@dataclass(frozen=True)
class SubmissionFile:
    """A file for the leaderboard.

    Attributes:
        path: The file.
        model: The run or artifact that answered.
        predictions: How many answers it holds.
    """

    path: Path
    model: Path
    predictions: int


def write_submissions(
    models: Sequence[TaskModel], options: AnyTask | None, folder: Path, batch_size: int
) -> list[SubmissionFile]:
    """Answers the test sets of GLUE's tasks and writes a file for each.

    The files of several models lie in one folder, ready for the leaderboard, where each writes others; else
    those of each model lie in a folder of its own.

    Args:
        models: Models of tasks of GLUE.
        options: A task's recipe section; None is the one that each model was fine-tuned for.
        folder: Where the files go; made if it is not there. Files of other tasks in it stay.
        batch_size: Examples of one forward pass.

    Raises:
        UserError: A task is not one of GLUE, a test set is missing or not the official one, or two models have
            the same name.
    """
    submissions = [_prepare(model, options or model.own_task) for model in models]
    files = [file for submission in submissions for file in submission.files]
    names = [""] * len(models) if len(set(files)) == len(files) else _names([model.path for model in models])
    return [
        file
        for submission, name in zip(submissions, names, strict=True)
        for file in _write(submission, folder / name, batch_size)
    ]


def _prepare(model: TaskModel, options: AnyTask) -> _Submission:
    if model.description.embedding:
        raise UserError(
            f"The leaderboard takes answers of models of its tasks. Received: {model.path}, which gives vectors",
            "Leave it out; `mbert eval` without --submission scores its cosines.",
        )
    if not isinstance(options, GlueTask):
        raise UserError(
            f"Only tasks of GLUE have a leaderboard. Received: {model.path} with a task of the source "
            f"{options.source}",
            "Name runs that were fine-tuned on one, or leave --submission out.",
        )
    row = GLUE[options.name]
    task = TaskData(options.name, list(row.output_names), {}, row.metrics, row.kind)
    return _Submission(model.answering(task), options, task, load_tests(options))


def _names(paths: Sequence[Path]) -> list[str]:
    """A folder's name for each run or artifact.

    Raises:
        UserError: Two have the same.
    """
    names = [target_name(path).replace(" ", "-") for path in paths]
    for name in names:
        same = [str(path) for path, other in zip(paths, names, strict=True) if other == name]
        if len(same) > 1:
            raise UserError(
                "The submission of each model gets a folder by its name. "
                f"Received: {' and '.join(same)}, both named {name}",
                "Write them one by one, each with a --submission folder of its own.",
            )
    return names


def _write(submission: _Submission, folder: Path, batch_size: int) -> list[SubmissionFile]:
    model, name = submission.model, submission.options.name
    write = _writer(name)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for test in submission.tests:
        encoded = model.encode(submission.task, test.examples, submission.options)
        answers = [write(answer) for answer in encoded.judge.decide(model.answer(encoded, batch_size))]
        lines = ["index\tprediction", *(f"{place}\t{answer}" for place, answer in enumerate(answers))]
        path = folder / test.row.submission
        replace_file(path, ("\n".join(lines) + "\n").encode())
        files.append(SubmissionFile(path, model.path, len(answers)))
    for row in TESTS[name][len(submission.tests) :]:
        console.info(
            f"{row.submission} is not written: none of {', '.join(row.files)} in {submission.options.folder}"
        )
    return files


def _writer(name: str) -> Callable[[np.generic], str]:
    """How an answer of a task stands in the leaderboard's files: as in the task's own."""
    row = GLUE[name]
    if not kind_of(row.kind).has_labels:
        low, high = 0.0, 5.0
        return lambda value: f"{min(max(float(value), low), high):.3f}"
    names = row.written or row.output_names
    return lambda label: names[int(label)]
