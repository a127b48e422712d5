"""A set of a task, encoded for one model, with the judge of its answers: what every task verb works on."""

from dataclasses import dataclass, replace
from typing import Any

from mbert_cli.evaluate.judges import Judge
from mbert_cli.examples.batches import Rows
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.set_digest import set_digest
from mbert_cli.examples.texts import TaskData
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import SetDescription


@dataclass(frozen=True)
class TaskSet:
    """Examples as a model sees them, and what is true about them.

    Attributes:
        rows: For `TaskBatches`.
        judge: For the outputs of those batches in order.
        described: Which examples they are; None where nobody asks.
        source: The task and the examples themselves, where they are few and are encoded once more.
    """

    rows: Rows
    judge: Judge
    described: SetDescription | None = None
    source: tuple[TaskData, Any] | None = None


def encode_set(task: TaskData, examples: Any, options: AnyTask, tokenizer: Tokenizer) -> TaskSet:
    """Encodes a set of a task.

    Args:
        task: The task.
        examples: One of its sets, or a part of one.
        options: Its recipe section, with the length of the model.
        tokenizer: The model's.
    """
    kind = kind_of(task.kind)
    task = replace(task, metrics=task.metrics or kind.metrics)
    rows = kind.rows(task, examples, options, tokenizer)
    return TaskSet(rows, kind.judge(task, examples, options, rows))


def describe_set(task: TaskData, examples: Any) -> SetDescription:
    """Which examples a set of a task, or a part of one, has."""
    return SetDescription(digest=set_digest(task, examples), examples=len(examples))
