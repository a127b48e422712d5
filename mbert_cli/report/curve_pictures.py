"""Losses while training, a picture for each kind of training, and validation scores, one for each task."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mbert_cli.report.logarithmic_axis import make_logarithmic
from mbert_cli.report.score_pictures import COLOURS
from mbert_cli.report.svg import legend_name, svg_of
from mbert_cli.report.training_table import Trained
from mbert_cli.runs.training_log import Curve
from mbert_cli.table import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT, _LINE_HEIGHT = 5.0, 2.7, 0.2
_WIDE_RANGE = 10.0
"""From which ratio of the largest loss to the smallest on the axis is logarithmic."""
MOST_POINTS = 300
"""Points of a line: more cannot be told apart, and make the page large."""
_STYLES = ("-", "--", ":", "-.")
"""Lines of runs beyond the last colour."""

_Lines = Sequence[tuple[str, Sequence[Sequence[Curve]]]]
"""Names, each with the curves of its runs by stage."""


def curve_pictures(trainings: Sequence[Trained], name: str, models: Sequence[str] = ()) -> list[Picture]:
    """The loss of every training, those of one kind together; and the scores on the validation set of each task.

    Args:
        trainings: What was trained.
        name: Begins the ids of the pictures.
        models: Those of the page, in the order of their colours; others come after them.
    """
    known = list(dict.fromkeys([*models, *(training.name for training in trainings)]))
    pictures = []
    for number, kind in enumerate(dict.fromkeys(training.kind for training in trainings)):
        alike = [training for training in trainings if training.kind == kind]
        losses = [(training.name, training.losses) for training in alike if any(training.losses)]
        pictures += _picture(losses, f"{name}-loss-{number}", f"Loss of {kind}", "loss", 1.0, known)
    scored = [training for training in trainings if any(training.scores)]
    for number, task in enumerate(dict.fromkeys(training.task for training in scored)):
        scores = [(training.name, training.scores) for training in scored if training.task == task]
        pictures += _picture(
            scores, f"{name}-score-{number}", f"Validation score, {task}", "score, %", 100.0, known
        )
    return pictures


def _picture(
    lines: _Lines, name: str, title: str, axis: str, factor: float, models: Sequence[str]
) -> list[Picture]:
    """A picture; none where there is nothing to draw."""
    if not lines:
        return []
    svg = svg_of(lambda: _draw(lines, axis, factor, models), name, title)
    stages = max(len(curves) for _, runs in lines for curves in runs)
    longest = max(len(curve.values) for _, runs in lines for curves in runs for curve in curves)
    notes = []
    if stages > 1:
        notes.append("Each stage of a run is a line of its own; stages minimise different losses.")
    if longest > MOST_POINTS:
        notes.append(f"Longer lines are means over {MOST_POINTS} stretches.")
    return [Picture(svg, title, " ".join(notes))]


def thinned(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of a curve, those of a long one as means over stretches of equal length.

    Args:
        curve: Any number of points.

    Returns:
        (points,) floats twice, at most `MOST_POINTS` of them.
    """
    stretches = min(len(curve.values), MOST_POINTS)
    parts = (np.array_split(np.array(figures, float), stretches) for figures in (curve.steps, curve.values))
    steps, values = (np.array([part.mean() for part in some]) for some in parts)
    return steps, values


def _draw(lines: _Lines, axis: str, factor: float, models: Sequence[str]) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT + _LINE_HEIGHT * len(lines)))
    axes = figure.add_subplot()
    for name, runs in lines:
        place = models.index(name)
        colour, style = COLOURS[place % len(COLOURS)], _STYLES[place // len(COLOURS) % len(_STYLES)]
        label: str | None = legend_name(name)
        for curve in (curve for curves in runs for curve in curves):
            steps, values = thinned(curve)
            marker = "o" if len(values) == 1 else ""
            axes.plot(steps, factor * values, style, color=colour, marker=marker, markersize=4, label=label)
            label = None
    drawn = [value for _, runs in lines for curves in runs for curve in curves for value in curve.values]
    if factor == 1.0 and min(drawn) > 0 and max(drawn) / min(drawn) >= _WIDE_RANGE:
        make_logarithmic(axes, "y")
    axes.set_xlabel("steps")
    axes.set_ylabel(axis)
    figure.legend(loc="outside lower left", ncols=1, handlelength=1.6)
    return figure
