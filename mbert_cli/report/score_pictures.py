"""Score against size and against latency: a point for each choice, and the line of what nothing else beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mbert_cli.figures import in_words, show_share
from mbert_cli.report.choices import Choice
from mbert_cli.report.logarithmic_axis import make_logarithmic
from mbert_cli.report.scored_sets import ScoredSet, p50_on
from mbert_cli.report.svg import SOFT, legend_name, svg_of
from mbert_cli.table import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#7f5f00", "#e69f00", "#4d4d4d")
"""Colours that people with any colour vision tell apart (Okabe and Ito), the yellow darkened to be seen on white."""
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_SAVED = "as saved"
"""What a model that is no artifact is called among the modes."""
_WIDTH, _HEIGHT, _LINE_HEIGHT = 5.0, 3.1, 0.17
"""Inches: 360 units of the page."""
_WIDE_RANGE = 6.0
"""From which ratio of the largest cost to the smallest on the axis is logarithmic."""
_SHORT = 22
"""Characters of a name that leaves room for another one beside it."""
_SMALL, _LETTER_WIDTH = 8.0, 4.6
"""Points of a label's letters: their size, and about their mean width."""
_ASIDE, _BELOW, _ABOVE = 7, 11, 5
"""Points from a point to its label."""


@dataclass(frozen=True)
class Point:
    """A choice in a picture.

    Attributes:
        choice: What it is.
        cost: Where it stands from left to right.
        score: Its score in percent.
        deviation: Of the score, in percent; None where there is none.
        is_ahead: Whether it is on the line.
    """

    choice: Choice
    cost: float
    score: float
    deviation: float | None
    is_ahead: bool

    @property
    def mode(self) -> str:
        """How its weights are kept."""
        return _mode(self.choice)


@dataclass(frozen=True)
class Look:
    """Colours of models and shapes of modes, the same in all pictures of a set."""

    models: Sequence[str]
    modes: Sequence[str]

    @classmethod
    def of(cls, compared: ScoredSet, models: Sequence[str] = ()) -> "Look":
        """Those of some choices, in their order, after `models`."""
        known = dict.fromkeys([*models, *(choice.model for choice in compared.choices)])
        return cls(list(known), list(dict.fromkeys(map(_mode, compared.choices))))

    def colour(self, model: str) -> str:
        """The colour of a model; where there are more models than colours, some have the same."""
        return COLOURS[self.models.index(model) % len(COLOURS)]

    def marker(self, mode: str) -> str:
        """The shape of a mode."""
        return _MARKERS[self.modes.index(mode) % len(_MARKERS)]


def _mode(choice: Choice) -> str:
    return choice.mode or _SAVED


def score_pictures(compared: ScoredSet, name: str, models: Sequence[str] = ()) -> list[Picture]:
    """Pictures of one set: against size, and against latency for each machine on which choices were timed.

    Args:
        compared: The choices, with scores on this set; where there is no choice, there is no picture.
        name: Begins the ids of the pictures.
        models: Those of the page, in the order of their colours; others come after them.
    """
    look = Look.of(compared, models)
    sizes = [None if size is None else size / 1e6 for size in compared.sizes]
    pictures = [_picture(compared, look, sizes, compared.smallest, f"{name}-size", "size, MB")]
    for number, machine in enumerate(compared.machines):
        times = [p50_on(choice, machine) for choice in compared.choices]
        words = "median latency, ms"
        more = _on_machine(compared.choices, machine)
        pictures.append(
            _picture(compared, look, times, compared.quickest(machine), f"{name}-time-{number}", words, more)
        )
    return [picture for picture in pictures if picture is not None]


def _picture(
    compared: ScoredSet,
    look: Look,
    costs: Sequence[float | None],
    ahead: Sequence[int],
    name: str,
    axis: str,
    more: str = "",
) -> Picture | None:
    points = _points(compared, costs, ahead)
    if len(points) < 2:
        return None
    metric = in_words(compared.metric)
    title = f"{metric.capitalize()} against {axis.partition(',')[0]}"
    hints = {_key(place): _hint(point, axis) for place, point in enumerate(points)}
    svg = svg_of(lambda: _draw(points, look, metric, axis), name, f"{title}; {compared.title}", hints)
    caption = "The line joins what nothing else beats: more to the left is cheaper, higher is better."
    return Picture(svg, title, f"{caption} {more}".strip())


def _points(compared: ScoredSet, costs: Sequence[float | None], ahead: Sequence[int]) -> list[Point]:
    points = []
    for place, (choice, cost) in enumerate(zip(compared.choices, costs, strict=True)):
        found = choice.score_at(compared.place)
        if found is not None and cost is not None:
            deviation = None if found.deviation is None else 100 * found.deviation
            points.append(Point(choice, cost, 100 * found.value, deviation, place in ahead))
    return points


def _on_machine(choices: Sequence[Choice], machine: tuple[object, ...]) -> str:
    """When and on what the first of them was timed."""
    timed = [one.latency.conditions for one in choices if one.latency]
    return next(found.line for found in timed if found.comparable == machine)


def _hint(point: Point, axis: str) -> str:
    deviation = None if point.deviation is None else point.deviation / 100
    name, _, unit = axis.partition(", ")
    return f"{point.choice.name}: {show_share(point.score / 100, deviation)}, {name} {point.cost:.2f} {unit}"


def _key(place: int) -> str:
    return f"point{place}"


def _draw(points: Sequence[Point], look: Look, metric: str, axis: str) -> "Figure":
    from matplotlib.figure import Figure

    models = [model for model in look.models if any(point.choice.model == model for point in points)]
    modes = [mode for mode in look.modes if any(point.mode == mode for point in points)]
    names = [*models, *modes]
    lines = -(-len(names) // _legend_columns(names))
    figure = Figure(figsize=(_WIDTH, _HEIGHT + _LINE_HEIGHT * lines), dpi=72)  # a pixel is a point
    axes = figure.add_subplot()
    _draw_line(axes, [point for point in points if point.is_ahead])
    for place, point in enumerate(points):
        colour, marker = look.colour(point.choice.model), look.marker(point.mode)
        if point.deviation is not None:
            axes.errorbar(point.cost, point.score, point.deviation, color=colour, capsize=3, linewidth=1)
        filling = colour if point.choice.is_artifact else "white"
        (drawn,) = axes.plot(
            point.cost, point.score, marker, color=colour, markerfacecolor=filling, markersize=7
        )
        drawn.set_gid(_key(place))
    _scale(axes, [point.cost for point in points])
    axes.set_xlabel(axis)
    axes.set_ylabel(f"{metric}, %")
    axes.margins(0.12, 0.12)
    _add_legend(figure, look, models, modes)
    figure.draw_without_rendering()  # only now is it known where the axes lie, and their limits
    _name_points(axes, points)
    return figure


def _draw_line(axes: "Axes", ahead: Sequence[Point]) -> None:
    """From each point that nothing beats to the next: the best score that so much buys."""
    ordered = sorted(ahead, key=lambda point: (point.cost, point.score))
    costs, scores = [point.cost for point in ordered], [point.score for point in ordered]
    axes.step(costs, scores, where="post", color=SOFT, linewidth=1.2, zorder=1)


def _scale(axes: "Axes", costs: Sequence[float]) -> None:
    """A logarithmic axis, with figures that can be read, where costs are far apart."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if min(costs) > 0 and max(costs) / min(costs) >= _WIDE_RANGE:
        make_logarithmic(axes, "x")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _name_points(axes: "Axes", points: Sequence[Point]) -> None:
    """Names beside the points of the line, towards the middle of the picture, where they cover nothing.

    Points in one place share a label; a point without one has its name where the pointer rests, and in the table.
    """
    places: dict[tuple[float, float], list[str]] = {}
    for point in points:
        if point.is_ahead:
            places.setdefault((point.cost, point.score), []).append(point.choice.name)
    to_points = axes.transData.transform
    middle, taken = axes.transAxes.transform((0.5, 0.5))[0], [to_points(place) for place in _places(points)]
    labels: list[tuple[float, float, float, float]] = []
    for place, names in places.items():
        text, (x, y) = ", ".join(names), to_points(place)
        is_left = x < middle
        for below in (True, False):
            box = _box(x, y, text, is_left, below)
            if not any(_overlap(box, other) for other in labels) and not any(
                _holds(box, *one) for one in taken
            ):
                labels.append(box)
                axes.annotate(
                    text, place, xytext=(_ASIDE if is_left else -_ASIDE, -_BELOW if below else _ABOVE),
                    textcoords="offset points", ha="left" if is_left else "right", fontsize=_SMALL, color=SOFT,
                )  # fmt: skip
                break


def _places(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(point.cost, point.score) for point in points]


def _box(x: float, y: float, text: str, is_left: bool, below: bool) -> tuple[float, float, float, float]:
    """About what a label covers: left, right, bottom and top, in points."""
    width = _LETTER_WIDTH * len(text)
    left = x + _ASIDE if is_left else x - _ASIDE - width
    bottom = y - _BELOW if below else y + _ABOVE
    return left, left + width, bottom, bottom + _SMALL


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _holds(box: tuple[float, float, float, float], x: float, y: float) -> bool:
    """Whether a point lies under a label."""
    return _overlap(box, (x - 3, x + 3, y - 3, y + 3))


def _legend_columns(names: Sequence[str]) -> int:
    """Two where all names leave room for another beside them."""
    return 2 if max(map(len, names)) <= _SHORT else 1


def _add_legend(figure: "Figure", look: Look, models: Sequence[str], modes: Sequence[str]) -> None:
    """Below the axes: colours of models, and shapes of modes."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colours = [Patch(color=look.colour(model)) for model in models]
    shapes = [
        Line2D([], [], color=SOFT, marker=look.marker(mode), linestyle="",
               markerfacecolor="white" if mode == _SAVED else SOFT)
        for mode in modes
    ]  # fmt: skip
    names = [legend_name(name) for name in (*models, *modes)]
    figure.legend(
        [*colours, *shapes], names, loc="outside lower left", ncols=_legend_columns(names), handlelength=1.2,
        columnspacing=1.2,
    )  # fmt: skip
