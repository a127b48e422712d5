"""Figures as a person reads them: shares in percent, losses and everything else as a number.

Files keep shares as shares of 1.
"""

from datetime import datetime

_SHARES = {
    "accuracy", "exact_labels", "exact_match", "exact_span", "f1", "f1_macro", "f1_micro", "matthews_correlation",
    "pearson", "precision", "recall", "score", "spearman",
}  # fmt: skip
"""Last words of the names of figures whose whole is 1; correlations are among them, as on GLUE's leaderboard."""
_OFFICIAL_SHARES = ("exact", "f1")
"""Last words of the figures of the official SQuAD scripts, which are in percent already."""
MASKED_WORDS = "masked_language_model_accuracy"
"""The score of a network that predicts masked words: the share of them that it finds."""


def show_share(value: float, deviation: float | None = None) -> str:
    """A share in percent, with its standard deviation where there is one: `80.00% ± 2.83%`."""
    return f"{value:.2%}" if deviation is None else f"{value:.2%} ± {deviation:.2%}"


def show_score(name: str | None, value: float | None, deviation: float | None = None) -> str:
    """A score behind its name, `accuracy 80.00% ± 2.83%` or `transfer_loss 0.0421`; empty where there is none.

    A score is a share, and more is better, unless its name says that it is a loss.
    """
    if value is None:
        return ""
    if not is_loss(name):
        return f"{name or ''} {show_share(value, deviation)}".strip()
    return f"{name} {value:.4f}" + ("" if deviation is None else f" ± {deviation:.4f}")


def is_loss(name: str | None) -> bool:
    """Whether less of a score is better, and it is no share: its name says that it is a loss."""
    return name is not None and name.endswith("loss")


def show_moment(moment: datetime | None) -> str:
    """A moment in the time of this machine, to the minute; empty where there is none."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def in_words(name: str) -> str:
    """A name with underscores, of a metric or a kind of task, as a sentence has it: `exact match`."""
    return name.replace("_", " ")


def show_megabytes(size_bytes: int) -> str:
    """A size in columns of MB (10^6 bytes): `24.6`."""
    return f"{size_bytes / 1e6:.1f}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count and its noun: `1 step`, `1,500 steps`.

    Args:
        count: How many.
        noun: The word for one.
        plural: The word for several; empty where it is the noun and an s.
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def counted_of(count: int, total: int, noun: str, one: str, several: str, plural: str = "") -> str:
    """How many of some, and what is said of them: `1 of 2 texts is blank`, `2 of 3 texts are blank`.

    Args:
        count: How many.
        total: Of how many.
        noun: The word for one of them.
        one: What is said of one.
        several: What is said of several.
        plural: As for `counted`.
    """
    return f"{count:,} of {counted(total, noun, plural)} {one if count == 1 else several}"


def show_figure(name: str, value: float) -> str:
    """A figure of a run by its name, such as `validation/accuracy` or `loss/total`."""
    last = name.rpartition("/")[2]
    if last in _SHARES or last.endswith("_accuracy"):
        return show_share(value)
    return f"{value:,.0f}" if last == "best_step" else f"{value:.4f}"


def show_official(name: str, value: float) -> str:
    """A figure of the official SQuAD scripts, such as `exact_match`, `HasAns_f1` or `best_f1_thresh`."""
    if name.rpartition("_")[2] == "total":
        return f"{value:,.0f}"
    last = name.rpartition("_")[2]
    return f"{value:.2f}%" if last in _OFFICIAL_SHARES or name == "exact_match" else f"{value:.4f}"
