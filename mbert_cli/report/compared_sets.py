"""Candidates by the sets that they were scored on: only scores of one set are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mbert_cli.report.candidates import Candidate
from mbert_cli.report.pareto import pareto_places
from mbert_cli.report.recorded_scores import SetScore

SetPlace = tuple[str, str]
"""What scores of one set have in common."""


@dataclass(frozen=True)
class Compared:
    """Candidates that were scored on one set, or on none that is known.

    Attributes:
        task: Name of the task.
        place: What their scores have in common.
        title: Task and set in words.
        metric: What the scores are; "" where there are none.
        candidates: Models, the best first, each followed by its artifacts.
    """

    task: str
    place: SetPlace
    title: str
    metric: str
    candidates: Sequence[Candidate]

    @property
    def scores(self) -> list[float | None]:
        """The score of each candidate."""
        found = [candidate.score_at(self.place) for candidate in self.candidates]
        return [score.value if score else None for score in found]

    @property
    def has_choice(self) -> bool:
        """Whether there are several to choose among."""
        return sum(score is not None for score in self.scores) > 1

    @property
    def smallest(self) -> list[int]:
        """Places of the candidates that no other beats in score and size."""
        return pareto_places([candidate.size_bytes for candidate in self.candidates], self.scores)

    def quickest(self, comparable: tuple[object, ...]) -> list[int]:
        """Places of those that no other beats in score and median, among those timed on one machine."""
        return pareto_places([p50_on(candidate, comparable) for candidate in self.candidates], self.scores)

    @property
    def machines(self) -> list[tuple[object, ...]]:
        """The machines, and numbers of threads, that candidates with a score were timed on."""
        timed = zip(self.candidates, self.scores, strict=True)
        found = [
            one.latency.conditions.comparable for one, score in timed if one.latency and score is not None
        ]
        return list(dict.fromkeys(found))


def p50_on(candidate: Candidate, comparable: tuple[object, ...]) -> float | None:
    """The median of a candidate, where it was timed on that machine."""
    latency = candidate.latency
    return latency.p50_ms if latency and latency.conditions.comparable == comparable else None


def compare(candidates: Sequence[Candidate]) -> list[Compared]:
    """Candidates by the sets that they were scored on; those without a score stand with others of their task."""
    sets: dict[SetPlace, SetScore] = {}
    for score in (score for candidate in candidates for score in candidate.scores):
        sets.setdefault(score.place, score)
    compared = [
        Compared(score.task, place, _title(score), score.metric, _ordered(candidates, place))
        for place, score in sets.items()
    ]
    first_of_task = {one.task: one for one in reversed(compared)}
    unscored = [candidate for candidate in candidates if not candidate.scores]
    for task in dict.fromkeys(candidate.task for candidate in unscored):
        of_task = [candidate for candidate in unscored if candidate.task == task]
        if task in first_of_task:
            found = first_of_task[task]
            place = compared.index(found)
            compared[place] = replace(found, candidates=[*found.candidates, *of_task])
        else:
            compared.append(Compared(task, (task, ""), f"{task}, not scored", "", of_task))
    return compared


def _title(score: SetScore) -> str:
    return f"{score.task}, {score.scored or 'a set that was not recorded'}"


def _ordered(candidates: Sequence[Candidate], place: SetPlace) -> list[Candidate]:
    """Those with a score on a set: models from the best to the worst, artifacts behind theirs in their order."""
    scored = [candidate for candidate in candidates if candidate.score_at(place)]
    best: dict[str, float] = {}
    for candidate in scored:
        found = candidate.score_at(place)
        value = found.value if found else 0.0
        best[candidate.model] = (
            value if not candidate.is_artifact else max(value, best.get(candidate.model, value))
        )
    return sorted(scored, key=lambda candidate: -best[candidate.model])
