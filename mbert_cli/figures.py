"""Figures as a person reads them: shares in percent, everything else as a number.

Files keep shares as shares of 1.
"""

_SHARES = {
    "accuracy", "exact_match", "f1", "f1_macro", "f1_micro", "matthews_correlation", "pearson", "precision",
    "recall", "score", "spearman",
}  # fmt: skip
"""Last words of the names of figures whose whole is 1; correlations are among them, as on GLUE's leaderboard."""
_OFFICIAL_SHARES = ("exact", "f1")
"""Last words of the figures of the official SQuAD scripts, which are in percent already."""


def show_share(value: float, deviation: float | None = None) -> str:
    """A share in percent, with its standard deviation where there is one: `80.00% ± 2.83%`."""
    return f"{value:.2%}" if deviation is None else f"{value:.2%} ± {deviation:.2%}"


def show_figure(name: str, value: float) -> str:
    """A figure of a run by its name, as `validation/accuracy` or `loss/total`."""
    last = name.rpartition("/")[2]
    if last in _SHARES or last.endswith("_accuracy"):
        return show_share(value)
    return f"{value:,.0f}" if last == "best_step" else f"{value:.4f}"


def show_official(name: str, value: float) -> str:
    """A figure of the official SQuAD scripts, as `exact_match`, `HasAns_f1` or `best_f1_thresh`."""
    if name.rpartition("_")[2] == "total":
        return f"{value:,.0f}"
    last = name.rpartition("_")[2]
    return f"{value:.2f}%" if last in _OFFICIAL_SHARES or name == "exact_match" else f"{value:.4f}"
