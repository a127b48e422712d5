"""Cosines of vectors, and what they say of pairs beside people."""

import numpy as np
import pytest

from mbert_cli.evaluate.similarity_judge import SimilarityJudge, cosines

ALIKE = np.array([0.0, 1.0, 2.0], np.float32)
VECTORS = np.array([[1, 0], [1, 0], [2, 0], [0, 3], [1, 1], [5, 0]], np.float32)
"""The second ones of three pairs stand behind the first ones."""


def test_a_cosine_is_that_of_the_angle_whatever_the_lengths():
    first, second = np.array([[1, 0], [1, 0], [3, 0]]), np.array([[2, 0], [1, 1], [0, 7]])
    np.testing.assert_allclose(cosines(first, second), [1, 0.5**0.5, 0], atol=1e-12)


def test_a_vector_without_length_is_like_nothing():
    assert cosines(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [0]


def test_a_pair_is_the_cosine_of_its_first_and_its_second_text():
    judge = SimilarityJudge(ALIKE, True, ("spearman",))
    np.testing.assert_allclose(judge.decide(VECTORS), [0, 0.5**0.5, 1], atol=1e-7)


def test_the_score_is_the_correlation_of_ranks_and_pearson_stands_beside_it():
    judge = SimilarityJudge(ALIKE, True, ("spearman",))
    score = judge.score(judge.decide(VECTORS))
    assert list(score.figures) == ["spearman", "pearson"]
    assert score.value == score.figures["spearman"] == pytest.approx(1)
    assert 0.9 < score.figures["pearson"] < 1


def test_two_models_differ_in_a_pair_that_they_find_unlike_in_spaces_of_any_width():
    judge = SimilarityJudge(ALIKE, True, ("spearman",))
    wide = np.pad(VECTORS[:, ::-1], ((0, 0), (3, 0)))
    assert not judge.differ(VECTORS, wide).any()
    wide[3] = [0, 0, 0, 1, 1]
    assert judge.differ(VECTORS, wide).tolist() == [True, False, False]


def test_single_texts_are_compared_by_the_direction_of_their_vectors():
    judge = SimilarityJudge(np.zeros(2), False, ("spearman",))
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert judge.decide(vectors) is vectors
    assert judge.differ(vectors, 5 * vectors).tolist() == [False, False]
    assert judge.differ(vectors, vectors + np.array([[0, 0.1], [0.2, 0]])).tolist() == [False, True]
