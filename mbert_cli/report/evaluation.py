"""`mbert eval`: figures of each model, and of several models side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.figures import show_share
from mbert_cli.page import Page
from mbert_cli.table import Table

_DIFFERING = "answers that differ"


@dataclass(frozen=True)
class ScoredModel:
    """What is known of a model once it was scored.

    Attributes:
        path: The run or the artifact.
        tables: Its figures in detail.
        figures: Its official figures by name, shares of 1.
        report: What is written beside it.
        differing: Share of the answers that are others than those of the first model; None for the first itself,
            and where the two read texts of different lengths.
    """

    path: Path
    tables: Sequence[Table]
    figures: Mapping[str, float]
    report: Mapping[str, Any]
    differing: float | None = None


def evaluation_page(title: str, models: Sequence[ScoredModel], with_details: bool = True) -> Page:
    """The tables of each model, and where there are several one in which they are compared.

    Args:
        title: Task, set and examples that all were scored on.
        models: At least one.
        with_details: Whether the tables of each model stand above; without, they were shown already.
    """
    tables = [table for model in models for table in model.tables] if with_details else []
    if len(models) > 1:
        tables.append(_side_by_side(title, models))
    records = [{**model.report, "answers_that_differ": model.differing} for model in models]
    return Page(tables, {"evaluations": records})


def _side_by_side(title: str, models: Sequence[ScoredModel]) -> Table:
    rows = [
        [
            str(model.path),
            *(show_share(value) for value in model.figures.values()),
            "" if model.differing is None else show_share(model.differing),
        ]
        for model in models
    ]
    return Table(title, ["model", *models[0].figures, _DIFFERING], rows)
