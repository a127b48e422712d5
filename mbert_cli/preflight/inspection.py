"""One look at all that a verb needs: what was found, one thing after the other, and what failed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.recipe.invocation import Invocation

Value = TypeVar("Value")

OF_THE_MACHINE = ("memory", "disk")
"""What a dry run only warns of: the run may be meant for another machine."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What.
        passed: Whether the verb can run as far as this goes.
        text: What was found, or why it cannot run.
        hint: What fixes it.
        is_doubtful: Whether it may still stop the verb, by an estimate.
    """

    name: str
    passed: bool
    text: str
    hint: str = ""
    is_doubtful: bool = False

    @property
    def state(self) -> str:
        """The finding in one word."""
        return "failed" if not self.passed else "doubtful" if self.is_doubtful else "ok"


class NotFound(UserError):
    """What is asked for was looked for and not found, which is among the findings already."""


@dataclass(frozen=True)
class Looked(Generic[Value]):
    """What a look at one thing found, or why it found nothing."""

    found: Value | None = None
    failure: UserError | None = None

    @property
    def value(self) -> Value:
        """What was found.

        Raises:
            NotFound: Nothing was found.
        """
        if self.failure is not None:
            raise NotFound(self.failure.message, self.failure.hint)
        return self.found  # type: ignore[return-value] # a look that did not fail found it


class Inspection:
    """Collects findings.

    Args:
        goes_on: Whether it goes on after something that failed; else that is raised.
        only_warns: Names of what is warned of where it failed, and stops nothing.
    """

    def __init__(self, *, goes_on: bool = False, only_warns: tuple[str, ...] = ()) -> None:
        self.findings: list[Finding] = []
        self._goes_on = goes_on
        self._only_warns = only_warns

    @classmethod
    def of(cls, invocation: Invocation[Any]) -> "Inspection":
        """That of a command, which ends at the first thing that fails."""
        return cls(only_warns=OF_THE_MACHINE if invocation.dry_run else ())

    def note(self, name: str, text: str) -> None:
        """Notes what needs no further look."""
        self.findings.append(Finding(name, True, text))

    def look(self, name: str, check: Callable[[], tuple[str, Value]]) -> Looked[Value]:
        """Looks at one thing; what needs another one that was not found is passed over.

        Args:
            name: What is looked at.
            check: Returns what it found in words and as a value, or raises a UserError that says what is wrong.

        Raises:
            UserError: It failed, and nothing goes on after that.
        """
        try:
            text, value = check()
        except NotFound as error:
            return Looked(failure=error)
        except UserError as error:
            self.refuse(name, error)
            return Looked(failure=error)
        self.note(name, text)
        return Looked(value)

    def weigh(self, name: str, check: Callable[[], tuple[str, bool]]) -> None:
        """Looks at an estimate, whose check returns what it found and whether there is doubt; raises as `look`."""
        is_doubtful = self.look(name, check).found
        if is_doubtful:
            last = self.findings.pop()
            self.findings.append(Finding(name, True, last.text, is_doubtful=True))
            if not self._goes_on:
                console.warning(last.text)

    def refuse(self, name: str, error: UserError) -> None:
        """Notes what failed; raises the error where nothing goes on after it."""
        self.findings.append(Finding(name, False, error.message, error.hint))
        if self._goes_on:
            return
        if name not in self._only_warns:
            raise error
        console.warning(f"{error.message}; on this machine the run itself would be refused")
