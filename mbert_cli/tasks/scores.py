"""What `mbert eval` shows and writes beyond the score, by the kind of the task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import Decoded
from mbert_cli.evaluate.entity_judge import EntityJudge
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.metrics import LabelRow, by_range, confusion, per_class
from mbert_cli.evaluate.tag_judge import TagJudge
from mbert_cli.examples.squad import Squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.figures import show_official


@dataclass(frozen=True)
class Details:
    """What goes to disk.

    Attributes:
        report: Further keys of the report.
        files: Contents of further JSON files, by the end of their name.
    """

    report: dict[str, Any]
    files: dict[str, Any] = field(default_factory=dict)


def _report_labels(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Figures per label and the confusion table."""
    rows = per_class(examples.labels, predicted, task.labels)
    _show_rows(title, rows)
    table = confusion(examples.labels, predicted, len(task.labels))
    console.table(
        "Confusion: true label by row, predicted label by column",
        ["", *task.labels],
        [
            (label, *(f"{count:,}" for count in counts))
            for label, counts in zip(task.labels, table, strict=True)
        ],
    )
    return Details({"labels": [vars(row) for row in rows], "confusion": table.tolist()})


def _report_label_sets(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Figures per label, each of which an example has or has not."""
    rows = per_class(examples.labels, predicted, task.labels)
    _show_rows(title, rows)
    return Details({"labels": [vars(row) for row in rows]})


def _show_rows(title: str, rows: Sequence[LabelRow], counted: str = "examples") -> None:
    console.table(
        title,
        ["label", "precision", "recall", "F1", counted],
        [
            (row.label, *(f"{share:.1%}" for share in (row.precision, row.recall, row.f1)), f"{count:,}")
            for row, count in ((row, vars(row)[counted]) for row in rows)
        ],
    )


def _report_numbers(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Predicted beside true numbers by fifths of the true ones."""
    rows = by_range(examples.labels, predicted)
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
    return Details({"ranges": [vars(row) for row in rows]})


def _report_answers(
    title: str, task: TaskData, squad: Squad, judge: AnswerJudge, predicted: Sequence[Decoded]
) -> Details:
    """The figures of the official script, and the predictions in its format."""
    official = judge.official(predicted)
    rows = [(name, show_official(name, value)) for name, value in official.items()]
    console.table(title, ["figure", "value"], rows)
    files: dict[str, Any] = {"predictions": judge.predictions(predicted)}
    if judge.with_null:
        files["null-odds"] = judge.null_differences(predicted)
    return Details({"official": official}, files)


def _report_words(
    title: str,
    task: TaskData,
    examples: TokenExamples,
    judge: EntityJudge | TagJudge,
    predicted: Sequence[Sequence[str]],
) -> Details:
    """Figures per type of entity, or per tag."""
    if isinstance(judge, TagJudge):
        tags = judge.by_tag(predicted)
        _show_rows(title, tags, "words")
        return Details({"tags": [vars(row) for row in tags]})
    rows = judge.by_type(predicted)
    _show_rows(title, rows, "entities")
    return Details({"entities": [vars(row) for row in rows]})


REPORTS: dict[str, Callable[..., Details]] = {
    "classification": _report_labels,
    "multi_label": _report_label_sets,
    "regression": _report_numbers,
    "question_answering": _report_answers,
    "token_classification": _report_words,
}
"""By `TaskKind`: title, task, examples, judge, predicted -> what is written; the rest is shown."""
