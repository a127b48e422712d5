"""Start and end logits of windows -> answers, as exact pieces of the original texts.

The logits are NumPy arrays, whoever made them: a Keras network or a phone artifact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

CHUNK = 256
"""Windows decoded at a time, more where a question has more; bounds the memory."""


@dataclass(frozen=True)
class WindowMap:
    """Which characters stand behind the columns of the windows.

    Args:
        question_index: (windows,) The question of each window, ascending.
        first_columns: (windows,) Column of the first token of the text.
        first_tokens: (windows,) Which of all `tokens` that is.
        lengths: (windows,) Tokens of the text in the window.
        max_context: (sum of `lengths`,) bool, window after window. True in the one window in which an
            answer may begin with the token.
        char_starts: (tokens,) First character of each token, counted in its own text.
        char_ends: (tokens,) The character after its last one.
    """

    question_index: np.ndarray
    first_columns: np.ndarray
    first_tokens: np.ndarray
    lengths: np.ndarray
    max_context: np.ndarray
    char_starts: np.ndarray
    char_ends: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """A possible answer.

    Args:
        text: A piece of the context.
        start: Character of the context where it begins.
        score: Sum of its start and end logit.
        probability: Softmax of the score over the candidates that are kept, "no answer" too if asked for.
    """

    text: str
    start: int
    score: float
    probability: float


@dataclass(frozen=True)
class Decoded:
    """What the logits say about one question.

    Args:
        candidates: The best answers with distinct texts, best first; none where the text has no tokens.
        null_score: Score of "no answer": start plus end logit of `[CLS]`, the least of all windows.
        null_probability: Its probability; 0 unless "no answer" is among the answers.
    """

    candidates: tuple[Candidate, ...]
    null_score: float
    null_probability: float

    @property
    def text(self) -> str:
        """The best answer; empty where there is none."""
        return self.candidates[0].text if self.candidates else ""

    @property
    def null_difference(self) -> float:
        """By how much "no answer" scores higher than the best answer; infinite where there is none."""
        return self.null_score - self.candidates[0].score if self.candidates else float("inf")

    def text_or_null(self, threshold: float) -> str:
        """The best answer, or an empty text where "no answer" leads by more than the threshold."""
        return "" if self.null_difference > threshold else self.text


def decode_answers(
    windows: WindowMap,
    contexts: Sequence[str],
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    *,
    num_best: int = 20,
    max_answer_tokens: int = 30,
    with_null: bool = False,
) -> list[Decoded]:
    """Finds the best answers to every question over all its windows.

    In each window the best starts, which have their most context there, are paired with the best ends. Both
    are in the text: the question, marks and padding take no place among the best.

    Args:
        windows: At least one for each question.
        contexts: (questions,) Their original texts.
        start_logits: (windows, length)
        end_logits: (windows, length)
        num_best: Starts and ends of a window, and candidates of a question, that are kept.
        max_answer_tokens: Tokens of the longest answer.
        with_null: "No answer" takes part in the probabilities, as SQuAD 2.0 needs.
    """
    decoded: list[Decoded] = []
    for chunk in _chunks(windows.question_index):
        starts, ends = (np.asarray(array[chunk], np.float32) for array in (start_logits, end_logits))
        questions = windows.question_index[chunk]
        bounds = np.flatnonzero(np.diff(questions, prepend=-1))  # the first window of each question
        nulls = np.minimum.reduceat(starts[:, 0].astype(np.float64) + ends[:, 0], bounds).tolist()
        rows, *spans = _spans(windows, chunk, starts, ends, num_best, max_answer_tokens)
        order = np.lexsort(
            (-spans[2], questions[rows])
        )  # stable: among equal scores the first window's leads
        splits = np.searchsorted(questions[rows][order], questions[bounds])[1:]
        parts = [np.split(array[order], splits) for array in spans]
        for question, null_score, firsts, lasts, scores in zip(
            questions[bounds].tolist(), nulls, *parts, strict=True
        ):
            kept = _distinct(firsts, lasts, scores, contexts[question], num_best)
            decoded.append(_decoded(kept, null_score, with_null))
    return decoded


def best_threshold(
    null_differences: np.ndarray, scores: np.ndarray, has_answer: np.ndarray, answered: np.ndarray
) -> tuple[float, float]:
    """The threshold on `Decoded.null_difference` with the best mean score, as SQuAD 2.0's script finds it.

    Questions are answered in the order of their differences: one with an answer gains its score, one without
    loses the point that silence would have given. Where silence on all questions is best, the threshold is 0,
    or less if a difference is not above that.

    Args:
        null_differences: (questions,)
        scores: (questions,) Exact match or F1 of the answers without a threshold, 0 to 1.
        has_answer: (questions,) bool. Whether the question can be answered.
        answered: (questions,) bool. Whether the answer without a threshold is not empty.

    Returns:
        The best mean score in percent, and the threshold; answers with a larger difference become empty.
    """
    order = np.argsort(null_differences, kind="stable")
    gains = np.where(has_answer, scores, -answered.astype(np.float64))[order]
    totals = np.cumsum(np.append(np.sum(~has_answer), gains))  # one after the other, as the official sum
    best = int(np.argmax(totals))
    if best:
        threshold = float(null_differences[order[best - 1]])
    else:
        least = float(null_differences[order[0]])
        threshold = 0.0 if least > 0 else float(np.nextafter(least, -np.inf))
    return 100.0 * float(totals[best]) / len(scores), threshold


def _chunks(question_index: np.ndarray) -> Iterator[slice]:
    """Runs of windows that part no question."""
    start = 0
    while start < len(question_index):
        last = question_index[min(start + CHUNK, len(question_index)) - 1]
        end = int(np.searchsorted(question_index, last, side="right"))
        yield slice(start, end)
        start = end


def _spans(
    windows: WindowMap,
    chunk: slice,
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    num_best: int,
    max_answer_tokens: int,
) -> tuple[np.ndarray, ...]:
    """Every allowed pair of a good start and a good end: window, first character, end character, score."""
    first_columns = windows.first_columns[chunk, None].astype(np.int64)
    lengths = windows.lengths[chunk]
    offsets = np.arange(start_logits.shape[1]) - first_columns  # (chunk, length)
    inside = (offsets >= 0) & (offsets < lengths[:, None])
    may_start = inside.copy()
    skipped = int(windows.lengths[: chunk.start].sum())
    may_start[inside] = windows.max_context[skipped : skipped + int(lengths.sum())]
    starts, best_starts = _best(start_logits, may_start, num_best)
    ends, best_ends = _best(end_logits, inside, num_best)
    length = ends[:, None, :] - starts[:, :, None] + 1  # (chunk, starts, ends)
    scores = best_starts[:, :, None] + best_ends[:, None, :]
    rows, i, j = np.nonzero((length >= 1) & (length <= max_answer_tokens) & np.isfinite(scores))
    shift = (windows.first_tokens[chunk] - first_columns[:, 0])[rows]
    first_characters = windows.char_starts[starts[rows, i] + shift]
    return rows, first_characters, windows.char_ends[ends[rows, j] + shift], scores[rows, i, j]


def _best(logits: np.ndarray, allowed: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and float64 values of the largest finite logits of each row; among equal ones the first leads."""
    values = np.where(allowed & np.isfinite(logits), logits, -np.inf)
    columns = np.argsort(-values, axis=1, kind="stable")[:, :count]
    return columns, np.take_along_axis(values, columns, axis=1).astype(np.float64)


def _distinct(
    starts: np.ndarray, ends: np.ndarray, scores: np.ndarray, context: str, count: int
) -> list[tuple[str, int, float]]:
    """The first spans whose texts differ: text, start, score."""
    kept: dict[str, tuple[str, int, float]] = {}
    for start, end, score in zip(starts.tolist(), ends.tolist(), scores.tolist(), strict=True):
        if len(kept) == count:
            break
        kept.setdefault(context[start:end], (context[start:end], start, score))
    return list(kept.values())


def _decoded(kept: list[tuple[str, int, float]], null_score: float, with_null: bool) -> Decoded:
    scores = np.array([score for *_, score in kept] + ([null_score] if with_null else []), np.float64)
    exponents = np.exp(scores - scores.max(initial=-np.inf))
    probabilities = (exponents / exponents.sum()).tolist()
    candidates = tuple(
        Candidate(*values, probability) for values, probability in zip(kept, probabilities, strict=False)
    )
    return Decoded(candidates, null_score, probabilities[-1] if with_null else 0.0)
