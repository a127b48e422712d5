"""Exact match and F1 of SQuAD 1.1 and 2.0, in percent, with the numbers of the official scripts.

The two differ: 1.1 counts a question without a prediction as wrong, 2.0 leaves it out; 1.1 gives an F1 of 0
where nothing is left of both answers, 2.0 gives 1; 2.0 takes no right answer of which nothing is left.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mbert_cli.evaluate.answers import best_threshold

RightAnswers = Mapping[str, Sequence[str]]
"""All right answers of each question id, in the order of the data set; none where it cannot be answered."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case, without ASCII punctuation and English articles, with single blanks."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def f1_of_words(predicted: Sequence[str], right: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of the words, each as often as it occurs; 0 if none is shared.

    Args:
        predicted: Words of the normalised prediction.
        right: Words of the normalised right answer.
    """
    shared = (Counter(predicted) & Counter(right)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(right)
    return 2 * precision * recall / (precision + recall)


def squad_v1_figures(predictions: Mapping[str, str], answers: RightAnswers) -> dict[str, float]:
    """The figures of SQuAD 1.1.

    Args:
        predictions: The answer to each question id; a question without one counts as wrong.
        answers: The right answers, at least one for each question.

    Returns:
        `exact_match` and `f1`, 0 to 100.
    """
    exact, f1 = 0, 0.0
    for question_id, right in answers.items():
        if question_id not in predictions:
            continue
        predicted = normalize_answer(predictions[question_id])
        normalized = [normalize_answer(text) for text in right]
        exact += predicted in normalized
        f1 += max(f1_of_words(predicted.split(), text.split()) for text in normalized)
    return {"exact_match": 100.0 * exact / len(answers), "f1": 100.0 * f1 / len(answers)}


def squad_v2_scores(
    predictions: Mapping[str, str], answers: RightAnswers
) -> tuple[dict[str, float], dict[str, float]]:
    """Exact match and F1 of each question that has a prediction, 0 to 1, by SQuAD 2.0's rules."""
    exact, f1 = {}, {}
    for question_id, right in answers.items():
        if question_id in predictions:
            predicted = normalize_answer(predictions[question_id])
            normalized = [text for text in map(normalize_answer, right) if text] or [""]
            exact[question_id] = float(predicted in normalized)
            f1[question_id] = max(_f1_or_both_empty(predicted, text) for text in normalized)
    return exact, f1


def squad_v2_figures(predictions: Mapping[str, str], answers: RightAnswers) -> dict[str, float]:
    """The figures of SQuAD 2.0.

    Args:
        predictions: The answer to each question id, empty for "no answer"; a question without is left out.
        answers: The right answers.

    Returns:
        `exact`, `f1`, 0 to 100, and `total`, for all questions, and with the prefixes `HasAns_` and `NoAns_`
        for those that can and cannot be answered, where there are such.
    """
    exact, f1 = squad_v2_scores(predictions, answers)
    parts: dict[str, Iterable[str]] = {
        "": answers,
        "HasAns_": (key for key, right in answers.items() if right),
        "NoAns_": (key for key, right in answers.items() if not right),
    }
    figures: dict[str, float] = {}
    for prefix, keys in parts.items():
        chosen = [key for key in keys if key in exact]
        if chosen:
            figures |= {f"{prefix}{name}": value for name, value in _means(exact, f1, chosen).items()}
    return figures


def squad_v2_best(
    predictions: Mapping[str, str], answers: RightAnswers, null_differences: Mapping[str, float]
) -> dict[str, float]:
    """The best figures of SQuAD 2.0 over all thresholds, and those thresholds.

    Args:
        predictions: The best answer to each question id, whether or not "no answer" scores higher.
        answers: The right answers.
        null_differences: How much each question looks unanswerable.

    Returns:
        `best_exact`, `best_exact_thresh`, `best_f1`, `best_f1_thresh`.
    """
    exact, f1 = squad_v2_scores(predictions, answers)
    keys = [key for key in null_differences if key in exact]
    differences = np.array([null_differences[key] for key in keys])
    has_answer = np.array([bool(answers[key]) for key in keys])
    answered = np.array([bool(predictions[key]) for key in keys])
    figures: dict[str, float] = {}
    for name, kind in (("best_exact", exact), ("best_f1", f1)):
        scores = np.array([kind[key] for key in keys])
        best = best_threshold(differences, scores, has_answer, answered)
        figures |= {name: best[0], f"{name}_thresh": best[1]}
    return figures


def _f1_or_both_empty(predicted: str, right: str) -> float:
    if not predicted or not right:
        return float(predicted == right)
    return f1_of_words(predicted.split(), right.split())


def _means(exact: Mapping[str, float], f1: Mapping[str, float], keys: list[str]) -> dict[str, float]:
    total = len(keys)
    # The built-in sum, as in the official script: from Python 3.12 on `+=` has another last digit.
    return {
        "exact": 100.0 * sum(exact[key] for key in keys) / total,
        "f1": 100.0 * sum(f1[key] for key in keys) / total,
        "total": total,
    }
