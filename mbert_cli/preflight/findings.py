"""What a pre-flight found: one check after the other, and on after one that failed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from mbert_cli.errors import UserError

Found = TypeVar("Found")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        passed: Whether the verb can run as far as this goes.
        finding: What was found, or why it cannot run.
        hint: What fixes it.
        is_doubtful: Whether it may still stop the verb, by an estimate.
    """

    name: str
    passed: bool
    finding: str
    hint: str = ""
    is_doubtful: bool = False

    @property
    def state(self) -> str:
        """The check in one word."""
        return "failed" if not self.passed else "doubtful" if self.is_doubtful else "ok"


class Report:
    """Collects checks.

    Args:
        is_thorough: Whether files are read however large they are.
    """

    def __init__(self, is_thorough: bool = True) -> None:
        self.is_thorough = is_thorough
        self.checks: list[Check] = []

    def passed(self, name: str, finding: str) -> None:
        """Notes what needs no further look."""
        self.checks.append(Check(name, True, finding))

    def doubt_last(self) -> None:
        """Marks the last check as one that an estimate speaks against."""
        self.checks[-1] = replace(self.checks[-1], is_doubtful=True)

    def look(self, name: str, check: Callable[[], tuple[str, Found]]) -> Found | None:
        """Runs a check, which returns its finding in words and as a value; None when it failed."""
        try:
            finding, value = check()
        except UserError as error:
            self.checks.append(Check(name, False, error.message, error.hint))
            return None
        self.passed(name, finding)
        return value
