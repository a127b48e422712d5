"""The grid of a search: its settings, those that are drawn from it, and when one is clearly behind."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from mbert_cli.search.options import SearchOptions
from mbert_cli.train.options import FinetuneTrainOptions

ScoresByShare = Mapping[float, float]
"""Scores of a training by the share of its steps that was done."""


@dataclass(frozen=True)
class Setting:
    """One point of the grid, trained with every seed."""

    learning_rate: float
    batch_size: int
    epochs: int

    def trial(self, seed: int) -> str:
        """Name of its trial with a seed: `learning_rate-0.0003-batch_size-32-epochs-3-seed-0`."""
        return (
            f"learning_rate-{self.learning_rate!r}-batch_size-{self.batch_size}-epochs-{self.epochs}"
            f"-seed-{seed}"
        )

    def applied_to(self, train: FinetuneTrainOptions) -> FinetuneTrainOptions:
        """The train section of its trials."""
        optimizer = train.optimizer.model_copy(update={"learning_rate": self.learning_rate})
        changes = {"optimizer": optimizer, "batch_size": self.batch_size, "epochs": self.epochs}
        return train.model_copy(update=changes)


def make_grid(search: SearchOptions, train: FinetuneTrainOptions) -> list[Setting]:
    """All settings: every rate with every batch size and every number of epochs, the last varying fastest.

    Args:
        search: What is tried.
        train: The values of what is not.

    Raises:
        ValueError: Neither says a learning rate.
    """
    own_rate = train.optimizer.learning_rate
    if search.learning_rate is None and own_rate is None:
        raise ValueError("A search needs a learning rate.")
    return [
        Setting(float(rate), batch_size, epochs)
        for rate, batch_size, epochs in itertools.product(
            search.learning_rate or [own_rate or 0.0],
            search.batch_size or [train.batch_size],
            search.epochs or [train.epochs],
        )
    ]


@dataclass(frozen=True)
class SearchPlan:
    """What a search tries.

    Attributes:
        grid: All settings.
        settings: Those that are tried, in the order of the grid.
        seeds: Each setting is trained with every one of these.
        drawn_by: The seed that decided which settings are tried, where not all are.
        prune_margin: How far behind is clearly behind; None for never.
    """

    grid: Sequence[Setting]
    settings: Sequence[Setting]
    seeds: Sequence[int]
    drawn_by: int
    prune_margin: float | None

    @property
    def num_trials(self) -> int:
        """Every setting with every seed."""
        return len(self.settings) * len(self.seeds)


def plan_search(search: SearchOptions, train: FinetuneTrainOptions, seed: int) -> SearchPlan:
    """The grid of a search, and of its settings all, or as many as `max_trials` has room for.

    Args:
        search: What is tried.
        train: The values of what is not.
        seed: The recipe's; decides which settings are drawn.
    """
    grid, seeds = make_grid(search, train), list(search.seed or [seed])
    settings = (
        grid if search.max_trials is None else draw_settings(grid, search.max_trials // len(seeds), seed)
    )
    return SearchPlan(grid, settings, seeds, seed, search.prune_margin)


def draw_settings(settings: Sequence[Setting], count: int, seed: int) -> list[Setting]:
    """The given number of settings, in their order; each value of an axis occurs about as often as any other.

    Every n-th of the grid would not do: where n is the length of an axis, that axis has one value in all.

    Args:
        settings: All of them.
        count: How many to draw.
        seed: Decides which.
    """
    left = sorted(settings, key=lambda setting: _hash(setting, seed))
    lengths = [len(set(axis)) for axis in zip(*map(astuple, settings), strict=True)]
    uses: Counter[tuple[int, float]] = Counter()
    drawn: set[Setting] = set()

    def crowding(setting: Setting) -> int:
        return sum(uses[axis, value] * lengths[axis] for axis, value in enumerate(astuple(setting)))

    while left and len(drawn) < count:
        chosen = min(left, key=crowding)
        left.remove(chosen)
        drawn.add(chosen)
        uses.update(enumerate(astuple(chosen)))
    return [setting for setting in settings if setting in drawn]


def is_behind(scores: ScoresByShare, earlier: Iterable[ScoresByShare], margin: float | None) -> bool:
    """Whether a training is clearly behind: its best score so far, by more than the margin.

    Args:
        scores: Those of the training, up to now.
        earlier: Those of the trainings before it; each counts with its best score at the same share of its
            own training, or not at all where it had none by then.
        margin: How far behind is clearly behind; None for never.
    """
    if margin is None or not scores:
        return False
    share = max(scores)
    reached = [max(found) for found in (_until(other, share) for other in earlier) if found]
    return bool(reached) and max(scores.values()) < max(reached) - margin


def _until(scores: ScoresByShare, share: float) -> list[float]:
    return [score for place, score in scores.items() if place <= share]


def _hash(setting: Setting, seed: int) -> str:
    return hashlib.sha256(f"{seed} {astuple(setting)}".encode()).hexdigest()
