"""`mbert eval`: what it plans, and how it compares models."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mbert_cli.commands.evaluate import _compare, _plan, _Result
from mbert_cli.report.evaluation import ScoredModel


def result(name: str, outputs: list[int], length: int = 64) -> _Result:
    judge = SimpleNamespace(differ=lambda first, other: first != other)
    model = SimpleNamespace(sequence_length=length)
    return _Result(model, judge, np.array(outputs), ScoredModel(Path(name), [], {"accuracy": 0.5}, {}))


def test_models_are_compared_with_the_first():
    first, other = result("a", [0, 1, 1, 0]), result("b", [0, 1, 0, 0])
    assert _compare(first, first).differing is None
    assert _compare(first, other).differing == 0.25


def test_models_that_read_texts_of_other_lengths_are_not_compared():
    assert _compare(result("a", [0, 1]), result("b", [1, 0], length=128)).differing is None


@pytest.mark.parametrize(
    ("submission", "note", "record"),
    [
        (
            None,
            "Would score runs/a on validation and write runs/a/eval/validation.json",
            {
                "would_score": [
                    {
                        "target": Path("runs/a"),
                        "split": "validation",
                        "report": Path("runs/a/eval/validation.json"),
                    }
                ]
            },
        ),
        (
            Path("out"),
            "Would answer the test sets with runs/a in out",
            {"would_answer": [Path("runs/a")], "folder": Path("out")},
        ),
    ],
)
def test_a_plan_is_a_sentence_and_a_record(submission, note, record):
    page = _plan(SimpleNamespace(submission=submission), [Path("runs/a")], "validation")
    assert page.notes == [note]
    assert page.record == record
