"""What `mbert eval` shows and writes beyond the score.

Which of these functions a kind of task uses is in its row of `mbert_cli.tasks.kinds.KINDS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import Decoded
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.metrics import LabelRow, by_range, confusion, per_class
from mbert_cli.examples.squad import Squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.figures import show_official
from mbert_cli.table import Table


@dataclass(frozen=True)
class Details:
    """Figures beside the score.

    Attributes:
        tables: For people.
        report: The same for programs, as further keys of the report.
        files: Contents of further JSON files, by the end of their name.
    """

    tables: Sequence[Table]
    report: dict[str, Any]
    files: dict[str, Any] = field(default_factory=dict)


def label_details(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Figures of each label and the confusion table.

    Args:
        title: The title of the first table.
        task: The task.
        examples: What was scored.
        judge: What scored it.
        predicted: What the judge says that the model said.
    """
    labels = task.output_names
    rows = per_class(examples.labels, predicted, labels)
    counts = confusion(examples.labels, predicted, len(labels))
    shown = [(label, *(f"{count:,}" for count in row)) for label, row in zip(labels, counts, strict=True)]
    confused = Table("Confusion: true label by row, predicted label by column", ["", *labels], shown)
    report = {"labels": [vars(row) for row in rows], "confusion": counts.tolist()}
    return Details([_label_table(title, rows), confused], report)


def label_set_details(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Figures of each label, which an example has or has not; arguments as for `label_details`."""
    rows = per_class(examples.labels, predicted, task.output_names)
    return Details([_label_table(title, rows)], {"labels": [vars(row) for row in rows]})


def _label_table(title: str, rows: Sequence[LabelRow], counted: str = "examples") -> Table:
    shown = [
        (
            row.label,
            *(f"{share:.1%}" for share in (row.precision, row.recall, row.f1)),
            f"{vars(row)[counted]:,}",
        )
        for row in rows
    ]
    return Table(title, ["label", "precision", "recall", "F1", counted], shown)


def number_details(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Predicted beside true numbers by fifths of the true ones; arguments as for `label_details`."""
    rows = by_range(examples.labels, predicted)
    shown = [
        (
            f"{row.low:.2f} to {row.high:.2f}",
            f"{row.predicted:.2f}",
            f"{row.error:.2f}",
            f"{row.examples:,}",
        )
        for row in rows
    ]
    columns = [f"true {task.output_names[0]}", "mean predicted", "mean absolute error", "examples"]
    return Details([Table(title, columns, shown)], {"ranges": [vars(row) for row in rows]})


def similarity_details(
    title: str, task: TaskData, examples: Examples, judge: Judge, predicted: np.ndarray
) -> Details:
    """Cosines by fifths of the true numbers; arguments as for `label_details`."""
    rows = [
        {"low": row.low, "high": row.high, "cosine": row.predicted, "examples": row.examples}
        for row in by_range(examples.labels, predicted)
    ]
    shown = [
        (f"{row['low']:.2f} to {row['high']:.2f}", f"{row['cosine']:.3f}", f"{row['examples']:,}")
        for row in rows
    ]
    return Details([Table(title, ["true similarity", "mean cosine", "pairs"], shown)], {"ranges": rows})


def answer_details(
    title: str, task: TaskData, squad: Squad, judge: AnswerJudge, predicted: Sequence[Decoded]
) -> Details:
    """The figures of the official script, and the predictions in its format; arguments as for `label_details`."""
    official = judge.official(predicted)
    shown = [(name, show_official(name, value)) for name, value in official.items()]
    files: dict[str, Any] = {"predictions": judge.predictions(predicted)}
    if judge.with_null:
        files["null-odds"] = judge.null_differences(predicted)
    return Details([Table(title, ["figure", "value"], shown)], {"official": official}, files)


def word_details(
    title: str, task: TaskData, examples: Any, judge: Any, predicted: Sequence[Sequence[str]]
) -> Details:
    """Figures of each type of entity, or of each tag; arguments as for `label_details`."""
    rows = judge.by_label(predicted)
    key = "tags" if judge.counted == "words" else judge.counted
    return Details([_label_table(title, rows, judge.counted)], {key: [vars(row) for row in rows]})
