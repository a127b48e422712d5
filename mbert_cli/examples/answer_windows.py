"""Questions and their texts -> rows `[CLS] question [SEP] window [SEP]`.

A text that is longer than a row is read through windows that overlap. Everything is held as flat arrays: each
text and each question is encoded once, a window is three numbers, and rows are put together when a batch is
asked for. Axis names below: `windows` rows, `questions`, `tokens` of all texts one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.examples.squad import Question, stands
from mbert_cli.figures import counted, counted_of
from mbert_cli.text.batch import Batch
from mbert_cli.text.rows import assemble
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

PAIR_MARKS = 3
"""`[CLS]` and two `[SEP]`."""

INFINITE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class AnswerWindows:
    """All windows of some questions, in the order of the questions and then of the text.

    Args:
        ids: (all tokens,) int32. Token ids of the texts, then of the questions.
        char_starts: (tokens,) int32. First character of each token of a text, counted in its own text.
        char_ends: (tokens,) int32. The character after its last one.
        question_index: (windows,) int32. The question of a window.
        question_starts: (windows,) int64. Where its question starts in `ids`.
        question_lengths: (windows,) int32. Tokens of the question that fit.
        first_tokens: (windows,) int64. Where the window starts in `ids`.
        lengths: (windows,) int32. Tokens of the text in the window.
        start_positions: (windows,) int32. Column where the answer begins; 0, which is `[CLS]`, where the
            window does not hold a whole answer.
        end_positions: (windows,) int32. Column where the answer ends, inclusive; 0 as above.
        without_target: (questions,) bool. Questions of which no window holds an answer, except those that are to
            learn that they have none.
        num_cut: Questions that lose their end.
        sequence_length: Columns of a row.
        vocabulary: Knows the ids of the marks.
    """

    ids: np.ndarray
    char_starts: np.ndarray
    char_ends: np.ndarray
    question_index: np.ndarray
    question_starts: np.ndarray
    question_lengths: np.ndarray
    first_tokens: np.ndarray
    lengths: np.ndarray
    start_positions: np.ndarray
    end_positions: np.ndarray
    without_target: np.ndarray
    num_cut: int
    sequence_length: int
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.question_index)

    labels: ClassVar[None] = None

    @cached_property
    def tokens(self) -> np.ndarray:
        """(windows,) int32. Tokens of each row, marks included."""
        tokens: np.ndarray = self.question_lengths + self.lengths + PAIR_MARKS
        return tokens

    @cached_property
    def trained(self) -> np.ndarray:
        """Windows to learn from: those of questions of which a window holds an answer, or that learn to have none."""
        return np.flatnonzero(~self.without_target[self.question_index])

    @property
    def num_without_target(self) -> int:
        """Questions that training leaves out, since no window holds an answer that could be learned."""
        return int(self.without_target.sum())

    @property
    def cut(self) -> str | None:
        """Says how many questions lose their end, if any."""
        if not self.num_cut:
            return None
        return counted(
            self.num_cut,
            "question is too long and loses its end",
            "questions are too long and lose their end",
        )

    @property
    def left_out(self) -> str | None:
        """Says how many questions training leaves out, if any."""
        if not self.num_without_target:
            return None
        return counted_of(
            self.num_without_target,
            len(self.without_target),
            "question",
            "is left out of training: no window holds an answer to it",
            "are left out of training: no window holds an answer to them",
        )

    @property
    def first_columns(self) -> np.ndarray:
        """(windows,) int32. Column of the first token of the text."""
        return self.question_lengths + 2

    @cached_property
    def max_context(self) -> np.ndarray:
        """(sum of `lengths`,) bool. True in the one window in which a token has the most text around it."""
        return most_context(self.question_index, self.first_tokens, self.lengths)

    def decoding_arrays(self) -> dict[str, np.ndarray]:
        """What turns logits into answers, by the names that decoding gives to them."""
        names = ("question_index", "first_columns", "first_tokens", "lengths", "max_context")
        return {name: getattr(self, name) for name in (*names, "char_starts", "char_ends")}

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """The inputs and targets of some windows, in `length` columns."""
        batch = assemble(
            self.ids, self.question_starts[indices], self.question_lengths[indices],
            self.first_tokens[indices], self.lengths[indices], length, self.vocabulary,
        )  # fmt: skip
        return batch | {
            "start_positions": self.start_positions[indices],
            "end_positions": self.end_positions[indices],
        }


def answer_windows(
    questions: Sequence[Question],
    tokenizer: Tokenizer,
    sequence_length: int = 384,
    document_stride: int = 128,
    question_length: int = 64,
    with_null: bool = False,
) -> AnswerWindows:
    """Cuts the texts of questions into windows.

    Args:
        questions: At least one.
        tokenizer: Turns texts into ids, each once.
        sequence_length: Tokens of a row, marks included.
        document_stride: Tokens from the start of a window to the start of the next one of the same text.
        question_length: Tokens of the question that are kept.
        with_null: "No answer" is an answer, as SQuAD 2.0 has it, which impossible questions learn.

    Raises:
        UserError: A row has no room for a question and a token of the text, or a length is not positive.
    """
    _check_lengths(sequence_length, document_stride, question_length)
    rows: dict[str, int] = {}
    context_rows = np.array([rows.setdefault(question.context, len(rows)) for question in questions])
    ids, splits, char_starts, char_ends = tokenizer.encode_with_offsets(list(rows))
    question_ids, question_splits = tokenizer.encode([question.question for question in questions])
    all_lengths = np.diff(question_splits)
    kept = np.minimum(all_lengths, question_length)
    index, offsets, lengths = cut_windows(
        np.diff(splits)[context_rows], sequence_length - PAIR_MARKS - kept, document_stride
    )
    first_tokens = splits[context_rows[index]] + offsets
    spans = _answer_spans(questions, list(rows), context_rows, splits, char_starts, char_ends)
    question_lengths = kept[index].astype(np.int32)
    starts, ends = _positions(spans[:, index], first_tokens, lengths, question_lengths)
    without_target = np.array([not (with_null and question.is_impossible) for question in questions])
    without_target[index[starts > 0]] = False
    return AnswerWindows(
        np.concatenate([ids, question_ids]), char_starts, char_ends, index, len(ids) + question_splits[index],
        question_lengths, first_tokens, lengths, starts, ends, without_target,
        int(np.sum(all_lengths > question_length)), sequence_length, tokenizer.vocabulary,
    )  # fmt: skip


def _check_lengths(sequence_length: int, document_stride: int, question_length: int) -> None:
    if min(document_stride, question_length) < 1:
        raise UserError(
            "The document stride and the length of a question must be at least 1. "
            f"Received: {document_stride} and {question_length}",
            "Set them to 128 and 64, as BERT does.",
        )
    if sequence_length < question_length + PAIR_MARKS + 1:
        raise UserError(
            f"A row must hold a question, {PAIR_MARKS} marks and a token of the text. "
            f"Received: a sequence length of {sequence_length} for questions of {question_length} tokens",
            f"Set the sequence length to {question_length + PAIR_MARKS + 1} or more, or shorten the questions.",
        )


def cut_windows(lengths: np.ndarray, room: np.ndarray, stride: int) -> tuple[np.ndarray, ...]:
    """Windows of every text: each starts `stride` after the one before, the last one reaches the end.

    Args:
        lengths: (questions,) Tokens of the text of each question.
        room: (questions,) Most tokens of a window, at least 1. If less than the stride, it is the stride.
        stride: Tokens between the starts of windows.

    Returns:
        For each window its question (int32), where it starts in the text (int64) and its tokens (int32).
    """
    step = np.minimum(room, stride)
    counts = 1 + -(-np.maximum(lengths - room, 0) // step)
    index = np.repeat(np.arange(len(lengths), dtype=np.int32), counts)
    ordinal = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    offsets = ordinal * step[index]
    return index, offsets, np.minimum(room[index], lengths[index] - offsets).astype(np.int32)


def most_context(question_index: np.ndarray, first_tokens: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Marks each token of a text in the one of its windows in which it has the most context.

    The context is the smaller of the tokens before and after it in the window, plus a hundredth of the
    window's tokens; among equal windows the first one counts. This is the rule of BERT's SQuAD code.

    Args:
        question_index: (windows,) Ascending.
        first_tokens: (windows,) Where each window starts.
        lengths: (windows,) Its tokens.

    Returns:
        (sum of `lengths`,) bool, window after window.
    """
    splits = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    flags = np.ones(splits[-1], bool)
    firsts = np.searchsorted(question_index, question_index)  # the first window of each window's question
    ordinal = np.arange(len(question_index)) - firsts
    overlapping = np.flatnonzero(np.bincount(question_index, minlength=1)[question_index] > 1)
    if not len(overlapping):
        return flags
    slots, spots, scores = _context_scores(overlapping, firsts, first_tokens, lengths, splits)
    holder = np.zeros(slots.max(initial=0) + 1, np.int64)
    best = np.full(len(holder), -1.0)
    ordinals = np.repeat(ordinal[overlapping], lengths[overlapping])
    for turn in range(ordinal.max() + 1):
        mine = np.flatnonzero(ordinals == turn)
        better = mine[scores[mine] > best[slots[mine]]]
        best[slots[better]], holder[slots[better]] = scores[better], turn
    flags[spots] = holder[slots] == ordinals
    return flags


def _context_scores(
    windows: np.ndarray, firsts: np.ndarray, first_tokens: np.ndarray, lengths: np.ndarray, splits: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every token of some windows: a slot that it shares with its other windows, its flag, its context."""
    counts = lengths[windows]
    left = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    count = np.repeat(counts, counts)
    spots = np.repeat(splits[windows], counts) + left
    # A text's tokens are fewer than those of all its windows, so slots of different questions never meet.
    shift = splits[firsts[windows]] + first_tokens[windows] - first_tokens[firsts[windows]]
    return np.repeat(shift, counts) + left, spots, np.minimum(left, count - 1 - left) + 0.01 * count


def _answer_spans(
    questions: Sequence[Question],
    contexts: list[str],
    context_rows: np.ndarray,
    splits: np.ndarray,
    char_starts: np.ndarray,
    char_ends: np.ndarray,
) -> np.ndarray:
    """First and last token of each question's first answer that stands in its text, (2, questions) int64.

    The tokens are the fewest that cover the answer. Where there is no answer, the span is a far one.
    """
    bases = np.concatenate([[0], np.cumsum([len(context) + 1 for context in contexts])])
    shift = np.repeat(bases[:-1], np.diff(splits))
    token_starts, token_ends = char_starts + shift, char_ends + shift  # now ascending over all texts
    spans = np.array([_answer_characters(question) for question in questions], np.int64).T
    placed = spans[1] > spans[0]
    first = np.searchsorted(token_ends, spans[0] + bases[context_rows], side="right")
    last = np.searchsorted(token_starts, spans[1] + bases[context_rows], side="left") - 1
    return np.where(placed & (last >= first), [first, last], INFINITE)


def _answer_characters(question: Question) -> tuple[int, int]:
    """Where the first answer that stands in the text begins and ends, without blanks around it."""
    for answer in question.answers:
        text = answer.text.strip()
        if text and not question.is_impossible and stands(answer, question.context):
            start = answer.start + answer.text.index(text)
            return start, start + len(text)
    return 0, 0


def _positions(
    spans: np.ndarray, first_tokens: np.ndarray, lengths: np.ndarray, question_lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the answer's first and last token, (windows,) int32 each; 0 where it is not whole."""
    inside = (spans[0] >= first_tokens) & (spans[1] < first_tokens + lengths)
    columns = np.where(inside, spans - first_tokens + question_lengths + 2, 0).astype(np.int32)
    return columns[0], columns[1]
