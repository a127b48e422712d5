"""How alike a model finds two texts, by the cosine of their vectors, beside what people say of them."""

from dataclasses import dataclass

import numpy as np

from mbert_cli.evaluate.metrics import METRICS, Score

FIGURES = ("spearman", "pearson")
"""Both figures of cosines; the first is the score, as benchmarks of sentence vectors have it."""

UNLIKE = 0.05
"""Difference of two cosines of one pair from which on they count as different: a third of what lies, with a usual
encoder, between two neighbouring grades of STS-B."""

SAME_VECTOR = 0.99
"""Cosine of two vectors of one text from which on they count as the same."""


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine of the angle between vectors, row by row; 0 where one of them has no length.

    Args:
        first: (rows, dim)
        second: (rows, dim)

    Returns:
        (rows,), -1 to 1.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    products = np.sum(first * second, axis=-1)
    found: np.ndarray = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return found.clip(-1, 1)


@dataclass(frozen=True)
class SimilarityJudge:
    """Knows how alike the texts of each pair are, or, of single texts, nothing.

    Args:
        labels: (examples,) A number for each pair, larger for texts that are more alike.
        of_pairs: Whether the vectors are those of all first texts and after them of all second ones.
        metrics: Names of the figures whose mean is the score.
    """

    labels: np.ndarray
    of_pairs: bool
    metrics: tuple[str, ...]

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """Vectors (2 * pairs, dim) -> cosines (pairs,); vectors (texts, dim) stay as they are."""
        if not self.of_pairs:
            return outputs
        count = len(outputs) // 2
        return cosines(outputs[:count], outputs[count:])

    def score(self, predicted: np.ndarray) -> Score:
        """The figures of cosines (pairs,)."""
        return Score({name: METRICS[name](self.labels, predicted) for name in FIGURES}, self.metrics)

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether two models find a pair unlike; of single texts, whether their vectors point elsewhere."""
        if not self.of_pairs:
            alike: np.ndarray = cosines(first, second)
            return alike < SAME_VECTOR
        distance: np.ndarray = np.abs(self.decide(first) - self.decide(second))
        return distance > UNLIKE
