"""Lists as a sentence has them."""

from collections.abc import Iterable, Sequence


def listed(words: Sequence[str], most: int = 3) -> str:
    """The first of some words, and how many there are beside them: `a, b, c and 1,204 more`.

    Args:
        words: What is listed.
        most: How many are spelled out.
    """
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def joined(words: Iterable[str], last: str = "or") -> str:
    """All of some words in one phrase: `a, b or c`.

    Args:
        words: At least one.
        last: The word before the last of several.
    """
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end
