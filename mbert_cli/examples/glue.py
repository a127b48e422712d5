"""GLUE: one row of `GLUE` is one task, read from its official folder or from tensorflow-datasets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.augmented import find_augmentation, require_glue_task
from mbert_cli.examples.labelled_rows import TableLayout, read_examples
from mbert_cli.examples.options import GlueTask, TaskKind
from mbert_cli.examples.table_columns import match_name
from mbert_cli.examples.table_encoding import find_encoding
from mbert_cli.examples.table_files import Columns, TableForm
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.text.text_files import UndecodableText, read_lines, suffix_of
from mbert_cli.text.tfds import find_builder, open_split


@dataclass(frozen=True)
class GlueRow:
    """How one task is stored and scored.

    Args:
        output_names: Names of the labels in the order of their ids, which is that of tensorflow-datasets; for a
            regression the name of its number.
        columns: Columns of the TSV files.
        features: The same in tensorflow-datasets.
        written: The labels as the TSV files write them, in the order of `output_names`; None where that is as
            they are named.
        metrics: Names of the official figures; the score of the task is their mean.
        kind: What the task asks for.
        header: Names of the columns of TSV files that have no line of them.
        has_broken_lines: Whether the official files have lines without all cells; they are left out and
            counted.
        validation_splits: For each set to score on the file and the split of tensorflow-datasets. The first
            one decides which epoch is best.
    """

    output_names: tuple[str, ...]
    columns: Columns
    features: Columns
    written: tuple[str, ...] | None = None
    metrics: tuple[str, ...] = ("accuracy",)
    kind: TaskKind = "classification"
    header: tuple[str, ...] | None = None
    has_broken_lines: bool = False
    validation_splits: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"validation": ("dev.tsv", "validation")}
    )

    @property
    def splits(self) -> dict[str, tuple[str, str]]:
        """For each set with labels the file and the split of tensorflow-datasets."""
        return {"train": ("train.tsv", "train")} | self.validation_splits


_ENTAILMENT = ("entailment", "not_entailment")
_TWO_SENTENCES = Columns("sentence1", "sentence2", "label")

GLUE: dict[str, GlueRow] = {
    "cola": GlueRow(
        output_names=("unacceptable", "acceptable"),
        written=("0", "1"),
        columns=Columns("sentence", None, "label"),
        features=Columns("sentence", None, "label"),
        header=("source", "label", "mark", "sentence"),
        metrics=("matthews_correlation",),
    ),
    "sst2": GlueRow(
        output_names=("negative", "positive"),
        written=("0", "1"),
        columns=Columns("sentence", None, "label"),
        features=Columns("sentence", None, "label"),
    ),
    "mrpc": GlueRow(
        output_names=("not_equivalent", "equivalent"),
        written=("0", "1"),
        columns=Columns("#1 String", "#2 String", "Quality"),
        features=_TWO_SENTENCES,
        metrics=("f1", "accuracy"),
    ),
    "stsb": GlueRow(
        output_names=("score",),
        columns=Columns("sentence1", "sentence2", "score"),
        features=_TWO_SENTENCES,
        metrics=("pearson", "spearman"),
        kind="regression",
    ),
    "qqp": GlueRow(
        output_names=("not_duplicate", "duplicate"),
        written=("0", "1"),
        columns=Columns("question1", "question2", "is_duplicate"),
        features=Columns("question1", "question2", "label"),
        metrics=("f1", "accuracy"),
        has_broken_lines=True,
    ),
    "mnli": GlueRow(
        output_names=("entailment", "neutral", "contradiction"),
        columns=Columns("sentence1", "sentence2", "gold_label"),
        features=Columns("premise", "hypothesis", "label"),
        validation_splits={
            "validation": ("dev_matched.tsv", "validation_matched"),
            "validation_mismatched": ("dev_mismatched.tsv", "validation_mismatched"),
        },
    ),
    "qnli": GlueRow(
        output_names=_ENTAILMENT,
        columns=Columns("question", "sentence", "label"),
        features=Columns("question", "sentence", "label"),
    ),
    "rte": GlueRow(output_names=_ENTAILMENT, columns=_TWO_SENTENCES, features=_TWO_SENTENCES),
    "wnli": GlueRow(
        output_names=("not_entailment", "entailment"),
        written=("0", "1"),
        columns=_TWO_SENTENCES,
        features=_TWO_SENTENCES,
    ),
}


def load_glue(options: GlueTask, split: str | None = None) -> TaskData:
    """Reads the sets of a task that have labels, or one of them.

    Raises:
        UserError: The folder lacks a file, a file is not as GLUE's are, or the data set is not prepared.
    """
    row = GLUE[options.name]
    splits = {split: row.splits[split]} if split in row.splits else row.splits
    sets = {name: _read_set(options, row, name, *places) for name, places in splits.items()}
    return TaskData(options.name, list(row.output_names), sets, row.metrics, row.kind)


def _read_set(options: GlueTask, row: GlueRow, name: str, file: str, part: str) -> Examples:
    """One set, from where the recipe says."""
    if name == "train" and options.train is not None:
        found = find_augmentation(options.train)
        if found:
            require_glue_task(found, options.name)
        return _read_examples(
            found.train if found else Path(options.train), row, "Correct the file of task.train."
        )
    if options.folder is None:
        return _read_tfds(options, row, part)
    return _read_file(Path(options.folder, file), options.name, row)


def _read_file(path: Path, name: str, row: GlueRow) -> Examples:
    if not path.is_file():
        raise UserError(
            f"The folder of {name} must have the files {', '.join(file for file, _ in row.splits.values())}. "
            f"Received: {path.parent} without {path.name}",
            f"Set task.folder to the folder of {name}, or to null to use tensorflow-datasets.",
        )
    return _read_examples(path, row, f"Set task.folder to the official folder of {name}.")


def _read_examples(path: Path, row: GlueRow, hint: str) -> Examples:
    table = TableLayout(
        row.columns, TableForm(header=row.header, is_exact=True, skips_short=row.has_broken_lines)
    )
    labels = None if row.kind == "regression" else list(row.written or row.output_names)
    try:
        return read_examples(path, table, labels)
    except UserError as error:
        raise UserError(error.message, hint) from error


def form_of_texts(path: Path, name: str) -> TableForm:
    """How a table of texts for a task is written: as its own files, of which CoLA's have no line of names, or with one.

    Args:
        path: The file.
        name: A key of `GLUE`.

    Raises:
        UserError: The file cannot be read, or is no text.
    """
    row = GLUE[name]
    form = TableForm(skips_short=row.has_broken_lines, has_keys=False)
    if row.header is None or suffix_of(path) != ".tsv":
        return form
    try:
        lines = read_lines(path, find_encoding(path, None))
        cells = next((line.split("\t") for _, line in lines if line.strip()), [])
    except UndecodableText:  # who reads the file says more of it
        return form
    is_named = bool(match_name(row.columns.text, cells))
    return form if is_named or len(cells) != len(row.header) else replace(form, header=row.header)


def _read_tfds(options: GlueTask, row: GlueRow, split: str) -> Examples:
    records = records_from_tfds(options, options.name, split)
    texts, second_texts = texts_of(records, row.features)
    labels = [record[row.features.label or ""] for record in records]
    return Examples(
        texts, second_texts, np.array(labels, np.float32 if row.kind == "regression" else np.int32)
    )


def records_from_tfds(options: GlueTask, configuration: str, split: str) -> list[dict[str, Any]]:
    """The examples of `glue/<configuration>` in the order of their official index.

    Raises:
        UserError: The data set is not prepared.
    """
    builder = find_builder(f"glue/{configuration}", options.data_dir, "task.")
    records = open_split(builder, split, options.data_dir, "task.").as_numpy_iterator()
    return sorted(records, key=lambda record: int(record["idx"]))


def texts_of(records: Sequence[dict[str, Any]], features: Columns) -> tuple[list[str], list[str] | None]:
    """First and second texts of examples from tensorflow-datasets; None for a task of single texts."""
    names = [features.text] + ([features.second_text] if features.second_text else [])
    texts = [[record[name].decode("utf-8", "replace") for record in records] for name in names]
    return texts[0], texts[1] if features.second_text else None
