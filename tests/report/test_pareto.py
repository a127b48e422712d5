"""What nothing else beats."""

import itertools

import numpy as np
import pytest

from mbert_cli.report.pareto import pareto_places


@pytest.mark.parametrize(
    ("costs", "scores", "expected"),
    [
        ([], [], []),
        ([1.0], [0.5], [0]),
        ([2.0, 1.0, 3.0], [0.8, 0.5, 0.7], [1, 0]),  # the dearest is worse than a cheaper one
        ([1.0, 1.0], [0.5, 0.6], [1]),  # the same cost, a higher score
        ([1.0, 2.0], [0.5, 0.5], [0]),  # the same score, a lower cost
        ([1.0, 1.0], [0.5, 0.5], [0, 1]),  # equal ones both stay
        ([1.0, None, 2.0], [0.5, 0.9, None], [0]),  # what is not known stays out
    ],
)
def test_what_costs_more_must_be_better(costs, scores, expected):
    assert pareto_places(costs, scores) == expected


def test_each_choice_stays_or_is_beaten_by_one_that_stays_whatever_the_order():
    generator = np.random.default_rng(0)
    costs, scores = generator.integers(0, 6, 30).tolist(), generator.integers(0, 6, 30).tolist()
    kept = set(pareto_places(costs, scores))
    beaten_by = {
        (one, other)
        for one, other in itertools.permutations(range(30), 2)
        if costs[other] <= costs[one] and scores[other] >= scores[one] and (costs[other], scores[other]) != (costs[one], scores[one])
    }  # fmt: skip
    for one in range(30):
        beaters = {other for loser, other in beaten_by if loser == one}
        assert not beaters if one in kept else beaters & kept
    order = generator.permutation(30)
    moved = pareto_places([costs[place] for place in order], [scores[place] for place in order])
    assert {int(order[place]) for place in moved} == kept
