"""What is told of a training while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mbert_cli.display import Display
from mbert_cli.runs.journal import Journal


@dataclass(frozen=True)
class Observer:
    """Tells of a training.

    Attributes:
        journal: The log on disk; None on a host that another one writes it for.
        display: Shows how far the training is.
        watch: Told the steps done after each validation; what it raises ends the training.
    """

    journal: Journal | None
    display: Display | None = None
    watch: Callable[[int], object] | None = None

    def log(self, step: int, stage: str, values: Mapping[str, object]) -> None:
        """Writes a line of the log."""
        if self.journal is not None:
            self.journal.append({"step": step, "stage": stage, **values})

    def begin_after(self, step: int) -> None:
        """Drops from the log what comes after a step."""
        if self.journal is not None:
            self.journal.truncate_after(step)

    def show(self, step: int, **fields: object) -> None:
        """Shows how far the training is."""
        if self.display is not None:
            self.display.update(step, **fields)

    def tell_validated(self, step: int) -> None:
        """Tells of a validation that is in the log."""
        if self.watch is not None:
            self.watch(step)
