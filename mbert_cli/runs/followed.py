"""A run that another host of the same job owns: the lock, and whatever is written, are that host's."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir


class FollowedRun(RunDir):
    """A run's directory that is read and never written to.

    Args:
        path, kind, recipe: As of any run.
        was_complete: Whether its owner found it complete.
    """

    def __init__(self, path: Path, kind: str, recipe: dict[str, Any], was_complete: bool = False) -> None:
        super().__init__(path, kind, recipe)
        self._was_complete = was_complete

    @property
    def is_complete(self) -> bool:
        """What its owner found: a disk of a network may show something older here."""
        return self._was_complete

    def finish(self, writer: Callable[[Path], None]) -> None:
        """Leaves final/ to the owner."""

    def record(self, contents: Contents) -> None:
        """Leaves inputs.json to the owner."""

    def fail(self, message: str) -> None:
        """Leaves failed.json to the owner."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves everything as it is."""
