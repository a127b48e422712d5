"""Judges answers to questions by the rules of SQuAD."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbert_cli.evaluate.answers import Decoded, WindowMap, decode_answers
from mbert_cli.evaluate.judges import TIE
from mbert_cli.evaluate.metrics import Score
from mbert_cli.evaluate.squad_metrics import squad_v1_figures, squad_v2_best, squad_v2_figures

LARGEST_DIFFERENCE = float(np.finfo(np.float32).max)
"""Stands in the null odds for infinity, which JSON does not have."""


@dataclass(frozen=True)
class AnswerJudge:
    """The truth about a set of questions.

    Args:
        windows: Which characters stand behind the outputs.
        ids: (questions,) Their official ids.
        contexts: (questions,) Their texts.
        answers: (questions,) All right answers of each.
        with_null: Whether some cannot be answered, as in SQuAD 2.0; else the rules of 1.1 hold.
        num_best: Answers to a question that are kept.
        max_answer_tokens: Tokens of the longest answer.
        null_threshold: "No answer" wins where it leads by more; None takes the threshold with the best F1 here.
        metrics: The figure that is the score.
    """

    windows: WindowMap
    ids: Sequence[str]
    contexts: Sequence[str]
    answers: Sequence[Sequence[str]]
    with_null: bool
    num_best: int = 20
    max_answer_tokens: int = 30
    null_threshold: float | None = 0.0
    metrics: tuple[str, ...] = ("f1",)

    def decide(self, outputs: np.ndarray) -> list[Decoded]:
        """Start and end logits (windows, length, 2) -> what they say about each question."""
        return decode_answers(
            self.windows, self.contexts, outputs[..., 0], outputs[..., 1],
            num_best=self.num_best, max_answer_tokens=self.max_answer_tokens, with_null=self.with_null,
        )  # fmt: skip

    def threshold(self, predicted: Sequence[Decoded]) -> float:
        """What "no answer" must lead by to win."""
        if self.null_threshold is not None or not self.with_null:
            return self.null_threshold or 0.0
        return self._best(predicted)["best_f1_thresh"]

    def predictions(self, predicted: Sequence[Decoded]) -> dict[str, str]:
        """The official predictions: the answer to each id, empty for "no answer"."""
        threshold = self.threshold(predicted)
        texts = [self.text(decoded, threshold) for decoded in predicted]
        return dict(zip(self.ids, texts, strict=True))

    def null_differences(self, predicted: Sequence[Decoded]) -> dict[str, float]:
        """By how much "no answer" leads for each id: the official null odds, finite even where it is alone."""
        pairs = zip(self.ids, predicted, strict=True)
        return {name: min(decoded.null_difference, LARGEST_DIFFERENCE) for name, decoded in pairs}

    def official(self, predicted: Sequence[Decoded]) -> dict[str, float]:
        """Every figure that the official script prints, with its names and in percent."""
        predictions = self.predictions(predicted)
        if not self.with_null:
            return squad_v1_figures(predictions, self._truth)
        return squad_v2_figures(predictions, self._truth) | self._best(predicted)

    def score(self, predicted: Sequence[Decoded]) -> Score:
        """Exact match and F1 as fractions; F1 is the score."""
        figures = self.official(predicted)
        exact = figures["exact" if self.with_null else "exact_match"]
        details = {"null_threshold": self.threshold(predicted)} if self.with_null else {}
        return Score({"exact_match": exact / 100, "f1": figures["f1"] / 100}, self.metrics, details)

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the second answers what the first finds clearly less likely than its own answer."""
        pairs = zip(self.decide(first), self.decide(second), strict=True)
        return np.array([self._is_other(one, other) for one, other in pairs])

    @property
    def _truth(self) -> dict[str, Sequence[str]]:
        return dict(zip(self.ids, self.answers, strict=True))

    def _best(self, predicted: Sequence[Decoded]) -> dict[str, float]:
        answers = {name: decoded.text for name, decoded in zip(self.ids, predicted, strict=True)}
        return squad_v2_best(answers, self._truth, self.null_differences(predicted))

    def text(self, decoded: Decoded, threshold: float) -> str:
        """The answer to a question; empty for "no answer"."""
        return decoded.text_or_null(threshold) if self.with_null else decoded.text

    def _is_other(self, first: Decoded, second: Decoded) -> bool:
        threshold = self.null_threshold or 0.0
        own, other = self.text(first, threshold), self.text(second, threshold)
        return own != other and _probability(first, own) - _probability(first, other) > TIE


def _probability(decoded: Decoded, text: str) -> float:
    if not text:
        return decoded.null_probability
    return next((found.probability for found in decoded.candidates if found.text == text), 0.0)
