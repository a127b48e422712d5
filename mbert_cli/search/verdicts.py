"""Which trainings of a search are clearly behind, and where: the same answer in whatever order they come to it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.search.grid import ScoresByShare, is_behind


@dataclass(frozen=True)
class Course:
    """The training of a setting's first seed, as far as it has come.

    Attributes:
        scores: By the share of its steps that was done.
        is_over: Whether no more will come.
        has_diverged: Whether that is since it diverged.
    """

    scores: ScoresByShare
    is_over: bool = False
    has_diverged: bool = False


@dataclass(frozen=True)
class Verdict:
    """What is known of a training beside those before it.

    Attributes:
        counted: Its scores up to where it was clearly behind: as many as it would have if it had been ended there.
        behind_at: The share after which it was clearly behind for the first time; None where it was not.
        sure_until: Up to which share, this one left out, that will not change.
        counts: Whether the trainings after it are compared with it.
    """

    counted: ScoresByShare
    behind_at: float | None = None
    sure_until: float = math.inf
    counts: bool = True

    @property
    def is_final(self) -> bool:
        """Whether it will not change, whatever those before still do."""
        return self.sure_until == math.inf


def reach_verdicts(courses: Sequence[Course], margin: float | None) -> list[Verdict]:
    """The verdict on each training, beside those before it in the order of the settings.

    A training that runs beside others may go on after it was clearly behind, until the others have come as far.
    What it does then counts for nothing, so that a search gives the same up as one that trains one after the other.

    Args:
        courses: Of the first seeds, in the order of their settings.
        margin: How far behind is clearly behind; None for never.
    """
    verdicts: list[Verdict] = []
    for course in courses:
        verdicts.append(_verdict(course, [verdict for verdict in verdicts if verdict.counts], margin))
    return verdicts


def _verdict(course: Course, earlier: Sequence[Verdict], margin: float | None) -> Verdict:
    others = [verdict.counted for verdict in earlier]
    known = min((verdict.sure_until for verdict in earlier), default=math.inf)
    for share in sorted(course.scores):
        until = {place: score for place, score in course.scores.items() if place <= share}
        if share >= known and margin is not None:
            return Verdict(course.scores, None, share, counts=not course.has_diverged)
        if is_behind(until, others, margin):
            return Verdict(until, share)
    last = max(course.scores, default=0.0)
    sure_until = math.inf if course.is_over else math.nextafter(last, math.inf)
    return Verdict(course.scores, None, sure_until, counts=not course.has_diverged)
