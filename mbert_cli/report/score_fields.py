"""How a score, and the set that it is of, stand in the record of a page."""

from typing import Any

from mbert_cli.weights.description import SetDescription


def score_fields(
    name: str | None, value: float | None, deviation: float | None, of: SetDescription | None
) -> dict[str, Any] | None:
    """A score with all its digits: a share of 1, or what its name says.

    Args:
        name: What it is: `accuracy`.
        value: The score; None where there is none.
        deviation: Its standard deviation over seeds, where it is a mean over several.
        of: The examples that were scored, where that was recorded.

    Returns:
        None where there is no score.
    """
    return value if value is None else {"name": name, "value": value, "deviation": deviation} | set_fields(of)


def set_fields(of: SetDescription | None) -> dict[str, Any]:
    """How many examples were scored, and the hash of them; null where neither was recorded."""
    return {"examples": of and of.examples, "set": of and of.digest}
