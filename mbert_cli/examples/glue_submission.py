"""The test sets of GLUE, whose labels only the leaderboard knows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.glue import GLUE, records_from_tfds, texts_of
from mbert_cli.examples.labelled_rows import TableLayout, read_examples
from mbert_cli.examples.options import GlueTask
from mbert_cli.examples.table_files import Columns, TableForm
from mbert_cli.examples.texts import Examples


@dataclass(frozen=True)
class SubmissionRow:
    """One test set.

    Args:
        submission: Name of the leaderboard's file.
        num_examples: Official number of examples.
        files: Where its file is, seen from the task's folder; the first one that exists is read.
        dataset: Configuration and split in tensorflow-datasets.
        is_optional: Whether a submission of the task may lack it.
    """

    submission: str
    num_examples: int
    files: tuple[str, ...]
    dataset: tuple[str, str]
    is_optional: bool = False


@dataclass(frozen=True)
class SubmissionSet:
    """The examples of a test set; their labels mean nothing."""

    row: SubmissionRow
    examples: Examples


_DIAGNOSTICS = ("diagnostic.tsv", "../diagnostic/diagnostic.tsv", "../AX/diagnostic.tsv", "../AX/test.tsv")

TESTS: dict[str, tuple[SubmissionRow, ...]] = {
    name: (SubmissionRow(f"{title}.tsv", count, ("test.tsv",), (name, "test")),)
    for name, title, count in (
        ("cola", "CoLA", 1063),
        ("sst2", "SST-2", 1821),
        ("mrpc", "MRPC", 1725),
        ("stsb", "STS-B", 1379),
        ("qqp", "QQP", 390_965),
        ("qnli", "QNLI", 5463),
        ("rte", "RTE", 3000),
        ("wnli", "WNLI", 146),
    )
} | {
    "mnli": (
        SubmissionRow("MNLI-m.tsv", 9796, ("test_matched.tsv",), ("mnli", "test_matched")),
        SubmissionRow("MNLI-mm.tsv", 9847, ("test_mismatched.tsv",), ("mnli", "test_mismatched")),
        SubmissionRow("AX.tsv", 1104, _DIAGNOSTICS, ("ax", "test"), is_optional=True),
    )
}
"""The test sets that a model of a task answers: one, and of MNLI two and the diagnostics."""


def load_tests(options: GlueTask) -> list[SubmissionSet]:
    """Reads the test sets of a task, without those that are optional and not there.

    Raises:
        UserError: A test set is missing, or has another number of examples than the official one.
    """
    folder = options.folder
    found = [
        (row, _read_tfds(options, row) if folder is None else _read_folder(Path(folder), options.name, row))
        for row in TESTS[options.name]
    ]
    for row, examples in found:
        if examples is not None and len(examples) != row.num_examples:
            raise UserError(
                f"The official test set for {row.submission} has {row.num_examples:,} examples. "
                f"Received: {len(examples):,}",
                f"Take the files of {options.name} from gluebenchmark.com.",
            )
    return [SubmissionSet(row, examples) for row, examples in found if examples is not None]


def _read_folder(folder: Path, name: str, row: SubmissionRow) -> Examples | None:
    path = next((folder / name for name in row.files if (folder / name).is_file()), None)
    if path is None and row.is_optional:
        return None
    if path is None:
        raise UserError(
            f"A submission needs the test set of {name}. Received: {folder} without {row.files[0]}",
            f"Set task.folder to the official folder of {name}.",
        )
    columns = GLUE[name].columns
    table = TableLayout(Columns(columns.text, columns.second_text), TableForm(is_exact=True))
    try:
        return read_examples(path, table, [""])
    except UserError as error:
        raise UserError(error.message, f"Set task.folder to the official folder of {name}.") from error


def _read_tfds(options: GlueTask, row: SubmissionRow) -> Examples:
    records = records_from_tfds(options, *row.dataset)
    texts, second_texts = texts_of(records, GLUE[options.name].features)
    return Examples(texts, second_texts, np.zeros(len(texts), np.int32))
