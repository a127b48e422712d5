"""A run that another host of the same job owns: the lock, and whatever is written, are that host's."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir


class FollowedRun(RunDir):
    """A run's directory that is read and never written to."""

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
