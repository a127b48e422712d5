"""Axes for figures that lie far apart."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def make_logarithmic(axes: "Axes", axis: Literal["x", "y"]) -> None:
    """Makes an axis logarithmic, with figures as people write them: 0.2, 5, 100.

    matplotlib writes powers of ten as formulas, which nothing on a page would set.

    Args:
        axes: Those of a picture.
        axis: Which of them.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set(**{f"{axis}scale": "log"})
    found = axes.xaxis if axis == "x" else axes.yaxis
    found.set_major_locator(LogLocator(subs=(1, 2, 5)))
    found.set_minor_formatter(NullFormatter())
    found.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
