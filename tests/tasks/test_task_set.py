"""A set of a task, encoded and with its judge."""

from dataclasses import replace

import numpy as np
import pytest

from mbert_cli.examples.options import FileTask, ImportedTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.unlabelled import questions_about
from mbert_cli.tasks.task_set import describe_set, encode_set
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TOKENIZER = Tokenizer(Vocabulary((*RESERVED, "a", "b")))
TEXTS = Examples(["a b", "b"], None, np.array([0, 1], np.int32))
OPTIONS = FileTask(source="file", train="t.csv", sequence_length=6)


@pytest.mark.parametrize(
    ("kind", "own", "metrics"),
    [
        ("classification", (), ("accuracy",)),
        ("regression", (), ("pearson", "spearman")),
        ("classification", ("f1", "accuracy"), ("f1", "accuracy")),
    ],
)
def test_a_task_is_scored_by_its_own_figures_or_those_of_its_kind(kind, own, metrics):
    task = TaskData("t", ["no", "yes"], {}, own, kind)
    encoded = encode_set(task, TEXTS, OPTIONS, TOKENIZER)
    assert encoded.judge.metrics == metrics
    assert (encoded.rows.tokens.tolist(), encoded.rows.sequence_length) == ([4, 3], 6)


def test_questions_for_a_model_from_elsewhere_are_read_through_windows():
    task = TaskData("q", ["start", "end"], {}, kind="question_answering")
    squad = questions_about(["a b " * 20])
    encoded = encode_set(task, squad, ImportedTask(source="imported", sequence_length=24), TOKENIZER)
    assert len(encoded.rows.tokens) > 1 and not encoded.judge.with_null


def test_a_set_is_described_by_what_is_in_it():
    task = TaskData("t", ["no", "yes"], {})
    whole = describe_set(task, TEXTS)
    assert whole.examples == 2 and whole == describe_set(replace(task, name="u"), TEXTS)
    assert describe_set(task, TEXTS.take([0])).digest != whole.digest
