"""Choices by the sets that they were scored on: only scores of one set are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mbert_cli.report.choices import Choice
from mbert_cli.report.pareto import pareto_places
from mbert_cli.report.recorded_scores import SetPlace, SetScore


@dataclass(frozen=True)
class ScoredSet:
    """Choices that were scored on one set, or on none that is known.

    Attributes:
        task: Name of the task.
        place: What their scores have in common.
        title: Task and set in words.
        metric: What the scores are; "" where there are none.
        choices: Models, the best first, each followed by its artifacts.
    """

    task: str
    place: SetPlace
    title: str
    metric: str
    choices: Sequence[Choice]

    @property
    def scores(self) -> list[float | None]:
        """The score of each choice."""
        found = [choice.score_at(self.place) for choice in self.choices]
        return [score.value if score else None for score in found]

    @property
    def has_choice(self) -> bool:
        """Whether there are several to choose among."""
        return sum(score is not None for score in self.scores) > 1

    @property
    def sizes(self) -> list[int | None]:
        """Bytes of each choice that can be chosen by its size: a model that has artifacts here is chosen as one."""
        exported = {choice.model for choice in self.choices if choice.is_artifact}
        return [
            choice.size_bytes if choice.is_artifact or choice.model not in exported else None
            for choice in self.choices
        ]

    @property
    def smallest(self) -> list[int]:
        """Places of the choices that no other beats in score and size."""
        return pareto_places(self.sizes, self.scores)

    def quickest(self, comparable: tuple[object, ...]) -> list[int]:
        """Places of those that no other beats in score and median, among those timed on one machine."""
        return pareto_places([p50_on(choice, comparable) for choice in self.choices], self.scores)

    @property
    def machines(self) -> list[tuple[object, ...]]:
        """The machines, and numbers of threads, that choices with a score were timed on."""
        timed = zip(self.choices, self.scores, strict=True)
        found = [
            one.latency.conditions.comparable for one, score in timed if one.latency and score is not None
        ]
        return list(dict.fromkeys(found))


def p50_on(choice: Choice, comparable: tuple[object, ...]) -> float | None:
    """The median of a choice, where it was timed on that machine."""
    latency = choice.latency
    return latency.p50_ms if latency and latency.conditions.comparable == comparable else None


def by_set(choices: Sequence[Choice]) -> list[ScoredSet]:
    """Choices by the sets that they were scored on; those without a score stand with others of their task."""
    sets: dict[SetPlace, SetScore] = {}
    for score in (score for choice in choices for score in choice.scores):
        sets.setdefault(score.place, score)
    compared = [
        ScoredSet(score.task, place, f"{score.task}, {score.on}", score.metric, _ordered(choices, place))
        for place, score in sets.items()
    ]
    first_of_task = {one.task: one for one in reversed(compared)}
    unscored = [choice for choice in choices if not choice.scores]
    for task in dict.fromkeys(choice.task for choice in unscored):
        of_task = [choice for choice in unscored if choice.task == task]
        if task in first_of_task:
            found = first_of_task[task]
            place = compared.index(found)
            compared[place] = replace(found, choices=[*found.choices, *of_task])
        else:
            compared.append(ScoredSet(task, (task, "", "", ""), f"{task}, not scored", "", of_task))
    return compared


def _ordered(choices: Sequence[Choice], place: SetPlace) -> list[Choice]:
    """Those with a score on a set: models from the best to the worst, artifacts behind theirs in their order."""
    scored = [choice for choice in choices if choice.score_at(place)]
    best: dict[str, float] = {}
    for choice in scored:
        found = choice.score_at(place)
        value = found.value if found else 0.0
        best[choice.model] = value if not choice.is_artifact else max(value, best.get(choice.model, value))
    return sorted(scored, key=lambda choice: -best[choice.model])
