"""The identity of a set of examples: what is in them, whatever file they came from."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mbert_cli.examples.squad import Squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import TokenExamples


def set_digest(task: TaskData, examples: Examples | Squad | TokenExamples) -> str:
    """A hash of texts and right answers, 16 hexadecimal digits; labels count by name, not by id.

    Args:
        task: The task, whose labels the examples have.
        examples: One of its sets, or a part of one.
    """
    digest = hashlib.blake2b(digest_size=8)
    for column in _columns(task, examples):
        lengths = np.fromiter(map(len, column), np.int64, len(column))
        digest.update(lengths.tobytes())
        digest.update("".join(column).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _columns(task: TaskData, examples: Any) -> Iterable[Sequence[str]]:
    if isinstance(examples, Squad):
        questions = examples.questions
        yield [question.question for question in questions]
        yield [question.context for question in questions]
        yield [
            str(sorted((answer.start, answer.text) for answer in question.answers)) for question in questions
        ]
    elif isinstance(examples, TokenExamples):
        yield examples.texts
        yield [str([tuple(span) for span in spans]) for spans in examples.spans]
        yield [str(words) for words in examples.words or []]
    else:
        yield examples.texts
        yield examples.second_texts or []
        yield _label_names(task, examples.labels)


def _label_names(task: TaskData, labels: np.ndarray) -> list[str]:
    if labels.ndim == 2:
        names = np.array(task.output_names, object)
        return [str(sorted(names[row > 0])) for row in labels]
    if labels.dtype.kind == "f":
        return [str(value) for value in labels]
    return [task.output_names[index] for index in labels]
