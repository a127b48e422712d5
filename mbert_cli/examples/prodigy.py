"""Rows of JSON as Prodigy writes them: which count, and which of their options were chosen."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

_ANSWERS = {"reject": "rejected in Prodigy", "ignore": "ignored in Prodigy"}
CHOSEN = "accept"
"""Field of a row with options that lists the chosen ones."""


def why_left_out(row: dict[str, Any]) -> str | None:
    """Why a row says nothing about its text, in words: a person rejected or ignored it. None where it counts."""
    answer = row.get("answer")
    return _ANSWERS.get(answer) if isinstance(answer, str) else None


def with_chosen(names: Sequence[str], row: dict[str, Any]) -> list[str]:
    """Names of fields, the last one that of the chosen options where a row has those in its place."""
    has_options = isinstance(row.get("options"), list) and isinstance(row.get(CHOSEN), list)
    return [*names[:-1], CHOSEN] if has_options and names[-1] not in row else list(names)


def say_left_out(name: str, counts: Counter[str]) -> list[str]:
    """Says how many rows of a file are left out, if any.

    Args:
        name: The file.
        counts: How many for each reason.
    """
    found = [f"{count:,} {reason}" for reason, count in counts.items() if count]
    return [f"{name}: rows left out: {', '.join(found)}"] if found else []
