"""Examples of a task -> the rows that a network reads, and the judge that knows their right answers.

Which of these functions a kind of task uses is in its row of `mbert_cli.tasks.kinds.KINDS`.
"""

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import WindowMap
from mbert_cli.evaluate.entities import chunk_labels
from mbert_cli.evaluate.judges import Judge, LabelJudge, LabelSetJudge, NumberJudge
from mbert_cli.evaluate.similarity_judge import SimilarityJudge
from mbert_cli.examples.answer_windows import AnswerWindows, answer_windows
from mbert_cli.examples.options import AnyTask, ImportedTask, SquadTask, TokenTask
from mbert_cli.examples.squad import Squad
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.token_rows import TokenRows
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import ModelDescription

SHORTEST_WITH_QUESTION = 5
"""Tokens of a row with a question and a text of one token each, and the three marks."""


def text_rows(task: TaskData, examples: Examples, options: AnyTask, tokenizer: Tokenizer) -> TextRows:
    """One row per example: a text, or the two of a pair."""
    return TextRows(examples, tokenizer, options.sequence_length)


def judge_labels(task: TaskData, examples: Examples, options: AnyTask, rows: TextRows) -> LabelJudge:
    """Knows the one label of each text."""
    return LabelJudge(examples.labels, task.metrics)


def judge_label_sets(task: TaskData, examples: Examples, options: AnyTask, rows: TextRows) -> LabelSetJudge:
    """Knows the labels of each text."""
    return LabelSetJudge(examples.labels, task.metrics)


def judge_numbers(task: TaskData, examples: Examples, options: AnyTask, rows: TextRows) -> NumberJudge:
    """Knows the number of each text."""
    return NumberJudge(examples.labels, task.metrics)


def single_text_rows(task: TaskData, examples: Examples, options: AnyTask, tokenizer: Tokenizer) -> TextRows:
    """One row per text, whether it stands alone or in a pair: all first texts, and after them all second ones."""
    texts = examples.texts + (examples.second_texts or [])
    return text_rows(task, Examples(texts, None, np.zeros(len(texts), np.int32)), options, tokenizer)


def judge_similarity(task: TaskData, examples: Examples, options: AnyTask, rows: TextRows) -> SimilarityJudge:
    """Knows how alike the texts of each pair are."""
    return SimilarityJudge(examples.labels, examples.second_texts is not None, task.metrics)


def question_rows(
    task: TaskData, squad: Squad, options: SquadTask | ImportedTask, tokenizer: Tokenizer
) -> AnswerWindows:
    """One row per window: a question and a piece of the text that it is about."""
    options = with_windows(options)
    return answer_windows(
        squad.questions,
        tokenizer,
        options.sequence_length,
        options.document_stride,
        options.question_length,
        with_null=_has_null(options),
    )


def judge_answers(
    task: TaskData, squad: Squad, options: SquadTask | ImportedTask, windows: AnswerWindows
) -> AnswerJudge:
    """Knows the answers to each question, and where its windows stand in the text."""
    options = with_windows(options)
    return AnswerJudge(
        windows=WindowMap(**windows.decoding_arrays()),
        ids=[question.id for question in squad.questions],
        contexts=[question.context for question in squad.questions],
        answers=[[answer.text for answer in question.answers] for question in squad.questions],
        with_null=_has_null(options),
        num_best=options.num_best,
        max_answer_tokens=options.max_answer_tokens,
        null_threshold=options.null_threshold,
    )


def null_threshold_of(description: ModelDescription, options: SquadTask) -> float | None:
    """What "no answer" must lead by to win; None where every question has an answer.

    Args:
        description: The model, which knows the threshold that was best on its validation set.
        options: How questions are read.
    """
    if not _has_null(options):
        return None
    return (description.null_threshold if options.null_threshold is None else options.null_threshold) or 0.0


def _has_null(options: SquadTask) -> bool:
    """Whether "no answer" is an answer."""
    return options.version == "v2.0"


def with_windows(options: AnyTask) -> SquadTask:
    """How questions are read; a model from elsewhere does not say, and reads them as SQuAD's are read.

    Raises:
        UserError: Its rows have no room for a question and a text.
    """
    if isinstance(options, SquadTask):
        return options
    length = options.sequence_length
    if length < SHORTEST_WITH_QUESTION:
        raise UserError(
            f"A row of a question must hold {SHORTEST_WITH_QUESTION} tokens or more. "
            f"Received: a sequence length of {length}",
            f"Set task.sequence_length to {SHORTEST_WITH_QUESTION} or more.",
        )
    question_length = min(64, max(1, length // 3))
    return SquadTask(source="squad", sequence_length=length, question_length=question_length)


def word_rows(
    task: TaskData, examples: TokenExamples, options: TokenTask | ImportedTask, tokenizer: Tokenizer
) -> TokenRows:
    """One row per text, or several windows of a long one."""
    stride = options.document_stride if isinstance(options, TokenTask) else None
    return TokenRows(examples, tokenizer, options.sequence_length, task.output_names, stride)


def judge_words(
    task: TaskData, examples: TokenExamples, options: TokenTask | ImportedTask, rows: TokenRows
) -> Judge:
    """Knows the labels of words, whether these make up entities or are tags."""
    # Slow imports: what they score with is of no use to other tasks.
    from mbert_cli.evaluate.entity_judge import EntityJudge
    from mbert_cli.evaluate.tag_judge import TagJudge

    truth = rows.labels, rows.columns, rows.words.word_splits, rows.rows
    chunks = chunk_labels(task.output_names)
    return TagJudge(task.output_names, *truth) if chunks is None else EntityJudge(chunks, *truth)
