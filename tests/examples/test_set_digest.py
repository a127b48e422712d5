"""The identity of a set of examples."""

from dataclasses import replace

import numpy as np

from mbert_cli.examples.set_digest import set_digest
from mbert_cli.examples.squad import Answer, Question, collect_squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import Span, TokenExamples


def task(*labels: str) -> TaskData:
    return TaskData("t", list(labels), {})


def digest(labels, texts=("a", "b"), seconds=None, names=("no", "yes")) -> str:
    return set_digest(task(*names), Examples(list(texts), seconds, np.array(labels)))


def test_labels_count_by_name_and_not_by_id():
    base = digest([0, 1])
    assert digest([1, 0], names=("yes", "no")) == base == digest([0, 1], names=("no", "yes", "never"))
    assert len({base, digest([1, 0]), digest([0, 1], ("b", "a")), digest([0, 1], ("a", "b"), ["", "c"])}) == 4


def test_texts_do_not_flow_into_each_other():
    assert digest([0, 1], ("ab", "")) != digest([0, 1], ("a", "b"))
    assert digest([0], ("a",), ["b"]) != digest([0], ("ab",), [""])


def test_numbers_and_several_labels_count():
    numbers = [digest(np.array(values, np.float32)) for values in ([0.5, 1], [0.5, 1.5])]
    several = [digest(np.array(rows, np.float32)) for rows in ([[0, 1], [1, 1]], [[0, 1], [1, 0]])]
    assert len({*numbers, *several}) == 4
    assert digest(np.array([[1, 0], [1, 1]], np.float32), names=("yes", "no")) == several[0]


def test_answers_and_spans_count():
    question = Question("1", "Who?", "Ann did.", (Answer("Ann", 0),))
    other = replace(question, answers=(Answer("Ann did", 0),))
    renamed = replace(question, id="2")
    first, second, third = (
        set_digest(task(), collect_squad("s", [one])) for one in (question, other, renamed)
    )
    assert first == third != second
    words = TokenExamples(["Ann did."], [[Span(0, 3, "PER")]], None)
    assert set_digest(task(), words) != set_digest(task(), replace(words, spans=[[Span(0, 3, "LOC")]]))
