"""Verdicts on trainings that run beside each other: those of a search that trains one after the other."""

import math
import random

import pytest

from mbert_cli.search.grid import is_behind
from mbert_cli.search.verdicts import Course, reach_verdicts

MARGIN = 0.05
WHOLE = [
    Course({0.5: 0.70, 1.0: 0.80}, is_over=True),
    Course({0.5: 0.60, 1.0: 0.99}, is_over=True),
    Course({0.5: 0.66, 1.0: 0.82}, is_over=True),
]


def one_after_the_other(courses, margin):
    """Where each is ended when it is trained after those before it, at the moment in which it is behind."""
    ended, earlier = [], []
    for course in courses:
        seen, at = {}, None
        for share, score in sorted(course.scores.items()):
            seen[share] = score
            if is_behind(seen, earlier, margin):
                at = share
                break
        if at is not None or not course.has_diverged:
            earlier.append(seen)
        ended.append(at)
    return ended


def test_what_is_behind_is_so_where_it_was_first_seen():
    assert [verdict.behind_at for verdict in reach_verdicts(WHOLE, MARGIN)] == [None, 0.5, None]
    assert reach_verdicts(WHOLE, MARGIN)[1].counted == {0.5: 0.60}
    assert [verdict.behind_at for verdict in reach_verdicts(WHOLE, None)] == [None, None, None]


def test_nothing_is_decided_before_those_in_front_have_come_as_far():
    slow = [Course({0.5: 0.70}), Course({0.5: 0.66, 1.0: 0.70}, is_over=True), Course({}, is_over=False)]
    first, second, third = reach_verdicts(slow, MARGIN)
    assert (second.behind_at, second.sure_until, second.is_final) == (None, 1.0, False)
    assert not third.is_final
    assert first.sure_until > 0.5
    ahead = [Course({0.5: 0.70, 1.0: 0.80}), *slow[1:]]
    assert reach_verdicts(ahead, MARGIN)[1].behind_at == 1.0


def test_one_that_diverges_is_compared_with_nothing_even_where_it_was_the_best():
    courses = [Course({0.5: 0.99}, is_over=True, has_diverged=True), *WHOLE]
    assert [verdict.behind_at for verdict in reach_verdicts(courses, MARGIN)] == [None, None, 0.5, None]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_runs_beside_what_a_final_verdict_is_that_of_one_after_the_other(seed):
    draw = random.Random(seed)
    whole = []
    for _ in range(6):
        epochs = draw.choice([2, 3, 4])
        last = draw.randint(1, epochs) if draw.random() < 0.3 else epochs
        scores = {epoch / epochs: draw.randint(50, 70) / 100 for epoch in range(1, last + 1)}
        whole.append(Course(scores, is_over=True, has_diverged=last < epochs))
    expected = one_after_the_other(whole, MARGIN)
    done, final = [0] * 6, {}
    while True:
        now = [
            Course(
                dict(sorted(course.scores.items())[:count]),
                count == len(course.scores),
                course.has_diverged and count == len(course.scores),
            )
            for course, count in zip(whole, done, strict=True)
        ]
        verdicts = reach_verdicts(now, MARGIN)
        for number, verdict in enumerate(verdicts):
            if verdict.is_final and all(course.is_over for course in now[: number + 1]):
                final.setdefault(number, verdict.behind_at)
                assert verdict.behind_at == final[number] == expected[number]
        left = [number for number in range(6) if not now[number].is_over]
        if not left:
            break
        done[draw.choice(left)] += 1
    assert [final[number] for number in range(6)] == expected
    assert all(verdict.sure_until == math.inf for verdict in reach_verdicts(whole, MARGIN))
