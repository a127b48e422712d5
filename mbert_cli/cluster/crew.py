"""What works on pieces that are shared out, wherever that is."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from mbert_cli.backend import VARIABLE, count_threads, lend_cores
from mbert_cli.errors import UserError
from mbert_cli.machine_problems import machine_problem

SAVING_SECONDS = 60.0
"""How long workers have to save what they did when the work is ended."""


@dataclass(frozen=True)
class Piecework:
    """What a worker needs to know beside the piece itself.

    Attributes:
        function: What is done with a piece. It is pickled once for each worker, and may remember there what it needs
            for the next piece.
        cores: Processor cores that a worker has.
        threads: Threads among which an operation is divided in the process that shares out, and in a worker too.
        folder: The working directory, from which relative paths start.
        command: The words of the command line.
        backend: The value of KERAS_BACKEND; None where it is not set.
    """

    function: Callable[[Any], Any]
    cores: int
    threads: int
    folder: Path
    command: tuple[str, ...]
    backend: str | None

    @classmethod
    def of(cls, function: Callable[[Any], Any], cores: int) -> "Piecework":
        """That of this process."""
        folder, command = Path.cwd(), tuple(sys.argv)
        return cls(function, cores, count_threads(), folder, command, os.environ.get(VARIABLE))

    def move_in(self) -> None:
        """Makes a worker's process like the one that shares out, before any library is loaded."""
        os.chdir(self.folder)
        sys.argv[:] = self.command
        if self.backend is not None:
            os.environ[VARIABLE] = self.backend
        lend_cores(self.cores, self.threads)

    def done(self, item: Any) -> "Ended":
        """What comes of a piece: a value, or an error that a person can cause or meet; any other one is raised."""
        try:
            return Ended(self.function(item))
        except (UserError, OSError) as error:
            return Ended(error=error)
        except Exception as error:
            told = machine_problem(error, self.command)
            if told is None:
                raise
            return Ended(error=told)


@dataclass(frozen=True)
class Ended:
    """A piece that is done, or could not be done.

    Attributes:
        result: What the function returned.
        error: What it raised.
    """

    result: Any = None
    error: BaseException | None = None


class Crew(Protocol):
    """Workers. Leaving it as a context manager ends them; what they still do is saved as far as it can be."""

    def __enter__(self) -> Self:
        """Gets ready."""

    def __exit__(self, *error: object) -> None:
        """Ends all work."""

    @property
    def places(self) -> int:
        """How many pieces can be worked on at once."""

    def begin(self, number: int, item: Any) -> None:
        """Has a piece worked on, under a number of its own."""

    def wait(self, seconds: float) -> Sequence[tuple[int, Ended]]:
        """The pieces that have ended since the last call; waits for the first of them, so long at most."""
