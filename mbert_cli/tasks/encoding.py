"""A set of a task, encoded for one model, with the judge of its answers: what every task verb works on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import WindowMap
from mbert_cli.evaluate.entities import chunk_labels
from mbert_cli.evaluate.judges import JUDGES, Judge
from mbert_cli.examples.answer_windows import answer_windows
from mbert_cli.examples.batches import Rows
from mbert_cli.examples.options import ImportedTask, SquadTask, Task, TokenTask
from mbert_cli.examples.set_digest import set_digest
from mbert_cli.examples.squad import Squad
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.token_rows import TokenRows
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import SetDescription


@dataclass(frozen=True)
class TaskSet:
    """Examples as a model sees them, and what is true about them.

    Attributes:
        rows: For `TaskBatches`.
        judge: For the outputs of those batches in order.
        described: Which examples they are; None where nobody asks.
    """

    rows: Rows
    judge: Judge
    described: SetDescription | None = None


def encode_set(task: TaskData, examples: Any, options: Task, tokenizer: Tokenizer) -> TaskSet:
    """Encodes a set of a task.

    Args:
        task: The task.
        examples: One of its sets, or a part of one.
        options: Its recipe section, with the length of the model.
        tokenizer: The model's.
    """
    return _ENCODERS[task.kind](task, examples, options, tokenizer)


def describe_set(task: TaskData, examples: Any) -> SetDescription:
    """Which examples a set of a task, or a part of one, has."""
    return SetDescription(digest=set_digest(task, examples), examples=len(examples))


def _encode_texts(task: TaskData, examples: Examples, options: Task, tokenizer: Tokenizer) -> TaskSet:
    judge = JUDGES[task.kind](examples.labels, task.metrics)
    return TaskSet(TextRows(examples, tokenizer, options.sequence_length), judge)


def _encode_questions(
    task: TaskData, squad: Squad, options: SquadTask | ImportedTask, tokenizer: Tokenizer
) -> TaskSet:
    if isinstance(options, ImportedTask):
        length = options.sequence_length
        options = SquadTask(source="squad", sequence_length=length, question_length=min(64, length // 3))
    windows = answer_windows(
        squad.questions, tokenizer, options.sequence_length, options.document_stride, options.question_length
    )
    judge = AnswerJudge(
        windows=WindowMap(**windows.decoding_arrays()),
        ids=[question.id for question in squad.questions],
        contexts=[question.context for question in squad.questions],
        answers=[[answer.text for answer in question.answers] for question in squad.questions],
        with_null=options.version == "v2.0",
        num_best=options.num_best,
        max_answer_tokens=options.max_answer_tokens,
        null_threshold=options.null_threshold,
    )
    return TaskSet(windows, judge)


def _encode_tokens(
    task: TaskData, examples: TokenExamples, options: TokenTask | ImportedTask, tokenizer: Tokenizer
) -> TaskSet:
    stride = options.document_stride if isinstance(options, TokenTask) else None
    # Slow imports: what they score with is of no use to other tasks.
    from mbert_cli.evaluate.entity_judge import EntityJudge
    from mbert_cli.evaluate.tag_judge import TagJudge

    rows = TokenRows(examples, tokenizer, options.sequence_length, task.labels, stride)
    truth = rows.labels, rows.columns, rows.words.word_splits, rows.rows
    chunks = chunk_labels(task.labels)
    return TaskSet(rows, TagJudge(task.labels, *truth) if chunks is None else EntityJudge(chunks, *truth))


_ENCODERS: dict[str, Callable[..., TaskSet]] = {
    "classification": _encode_texts,
    "multi_label": _encode_texts,
    "regression": _encode_texts,
    "question_answering": _encode_questions,
    "token_classification": _encode_tokens,
}
"""By `TaskKind`."""
