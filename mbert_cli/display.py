"""What long works tell of how far they are, whatever shows it: a bar, lines of a log, or nothing."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ProgressUnit:
    """What a work counts, and how counts are shown.

    Attributes:
        size: How many make one that is shown.
        name: Behind the figure.
        decimals: Digits behind its point.
    """

    size: int = 1
    name: str = ""
    decimals: int = 0

    def show(self, count: int) -> str:
        """A count, without the name."""
        return f"{count / self.size:,.{self.decimals}f}"


STEPS = ProgressUnit()
"""Steps of a training, batches: whatever is counted one by one."""

MEGABYTES = ProgressUnit(10**6, "MB", 1)
"""Bytes, shown in decimal megabytes."""

MILLION_TOKENS = ProgressUnit(10**6, "million tokens", 1)
"""Tokens of long texts."""


class Display(Protocol):
    """What shows progress; `console.progress` yields one."""

    def update(self, step: int, **fields: object) -> None:
        """Says how far the work is.

        Args:
            step: What is done, out of the total: steps, bytes.
            **fields: Figures to show: `stage`, `loss`, `learning_rate`, `examples_per_second`, or others;
                `building` names the stage that is made ready, whose first step says nothing of the pace.
        """
