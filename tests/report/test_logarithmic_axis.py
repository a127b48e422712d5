"""Axes for figures that lie far apart."""

import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from mbert_cli.report.logarithmic_axis import make_logarithmic
from mbert_cli.report.svg import svg_of


def drawn(axis: str) -> Figure:
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([0.03, 0.5, 40.0], [0.03, 0.5, 40.0])
    make_logarithmic(axes, axis)
    return figure


@pytest.mark.parametrize(("axis", "scales"), [("x", ("log", "linear")), ("y", ("linear", "log"))])
def test_one_axis_is_logarithmic(axis, scales):
    axes = drawn(axis).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == scales


@pytest.mark.parametrize("axis", ["x", "y"])
def test_figures_are_written_out(axis):
    svg = svg_of(lambda: drawn(axis), "a", "Loss")
    assert "math" not in svg and ">0.1<" in svg and ">10<" in svg
