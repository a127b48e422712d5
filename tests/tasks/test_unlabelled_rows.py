"""Unlabelled text beside the labelled rows of a task: which rows there are, and what is said."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.examples.options import FileTask, TokenTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import Span, TokenExamples
from mbert_cli.tasks.task_set import encode_set
from mbert_cli.tasks.unlabelled_rows import with_unlabelled
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TOKENIZER = Tokenizer(Vocabulary((*RESERVED, "a", "b", "c")))


def task() -> TaskData:
    sets = {
        "train": Examples(["a", "b"], None, np.array([0, 1], np.int32)),
        "validation": Examples(["c"], None, np.array([0], np.int32)),
    }
    return TaskData("mails.csv", ["no", "yes"], sets)


def options(unlabelled: list[str] | None) -> FileTask:
    return FileTask(source="file", train="mails.csv", unlabelled=unlabelled, sequence_length=8)


def test_the_teacher_labels_what_is_not_scored_on(tmp_path: Path, capsys):
    (tmp_path / "one.txt").write_text("a b\nc\nb\n")
    (tmp_path / "two.txt").write_text("c c\n")
    chosen = options([str(tmp_path / "*.txt")])
    labelled = encode_set(task(), task().train, chosen, TOKENIZER).rows
    rows = with_unlabelled(labelled, task(), chosen, TOKENIZER)
    assert rows.tokens.tolist() == [3, 3, 4, 3, 4]
    assert rows.take(np.arange(5), 8)["hard_weights"].tolist() == [1, 1, 0, 0, 0]
    assert capsys.readouterr().err == (
        "task.unlabelled: 3 examples from 2 files, which the teacher labels\n"
        "1 unlabelled example is left out: the validation set has the same text\n"
    )


def test_rows_stay_as_they_are_without_such_text(capsys):
    labelled = encode_set(task(), task().train, options(None), TOKENIZER).rows
    assert with_unlabelled(labelled, task(), options(None), TOKENIZER) is labelled
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("kind", "labels"), [("entities", ["O", "B-X", "I-X"]), ("tags", ["X", "Y"])])
def test_texts_whose_words_nobody_labelled_stand_beside_those_with_labels(tmp_path: Path, kind, labels):
    def examples(*texts: str) -> TokenExamples:
        return TokenExamples(list(texts), [[Span(0, 1, "X")] for _ in texts], None, are_tags=kind == "tags")

    found = TaskData(
        "t.conll",
        labels,
        {"train": examples("a", "b"), "validation": examples("c")},
        kind="token_classification",
    )
    (tmp_path / "mails.txt").write_text("a b\nc\nb c a\n")
    chosen = TokenTask(
        source="tokens",
        train="t.conll",
        kind=kind,
        unlabelled=[str(tmp_path / "mails.txt")],
        sequence_length=8,
    )
    rows = with_unlabelled(
        encode_set(found, found.sets["train"], chosen, TOKENIZER).rows, found, chosen, TOKENIZER
    )
    batch = rows.take(np.arange(4), 8)
    assert rows.tokens.tolist() == [3, 3, 4, 5]
    assert batch["hard_weights"].tolist() == [1, 1, 0, 0]
    assert batch["label_weights"].sum(axis=1).tolist() == [1, 1, 2, 3]
