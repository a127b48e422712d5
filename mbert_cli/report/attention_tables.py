"""Attention of a model and its teacher to one text: what was drawn, with a picture of each on one scale."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mbert_cli.figures import counted
from mbert_cli.report.attention_maps import MAX_LABELS, TracedModel
from mbert_cli.report.svg import svg_of
from mbert_cli.table import Picture, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LAYERS = 4
"""Blocks of a model that are drawn where nobody chose any."""
_HEADS = 3
"""Heads that are drawn behind their mean."""
_CELL, _MARGIN = 1.2, 0.5
"""Inches of a map, and of the labels beside all of them."""


def spread_layers(num_layers: int) -> list[int]:
    """Up to `MOST_LAYERS` blocks from the first to the last, spread evenly."""
    places = np.linspace(0, num_layers - 1, min(MOST_LAYERS, num_layers))
    return [round(float(place)) for place in places]


def layers_beside(layers: Sequence[int], num_layers: int, num_beside: int) -> list[int]:
    """The blocks of another model that lie as deep, where the last stands beside the last.

    Args:
        layers: Blocks, from 0.
        num_layers: Blocks of their model.
        num_beside: Blocks of the other one.
    """
    return [max(0, round((layer + 1) * num_beside / num_layers) - 1) for layer in layers]


def attention_table(
    model: TracedModel, teacher: TracedModel | None, text: str, layers: Sequence[int], name: str
) -> Table:
    """What was drawn of a model and its teacher, with the pictures.

    Args:
        model: The model.
        teacher: Its teacher, where it has one that is still there.
        text: What both read.
        layers: Blocks of the model; empty for some that are spread evenly.
        name: Begins the ids of the pictures.
    """
    own = list(layers) or spread_layers(model.num_layers)
    shown = [(model, own)]
    if teacher is not None:
        shown.append((teacher, layers_beside(own, model.num_layers, teacher.num_layers)))
    largest = max(float(_panels(one, layer).max()) for one, places in shown for layer in places)
    rows = [
        [
            one.name,
            ", ".join(map(str, places)),
            f"{one.num_layers}",
            f"{len(one.maps(0))}",
            f"{len(one.tokens)}",
        ]
        for one, places in shown
    ]
    pictures = [
        _picture(one, places, largest, f"{name}-{number}") for number, (one, places) in enumerate(shown)
    ]
    beside = f" and of its teacher {teacher.name}" if teacher else ""
    return Table(
        f"Attention of {model.name}{beside}",
        ["model", "layers drawn", "layers", "heads", "tokens"],
        rows,
        [
            f"The text: {text}",
            "`mbert trace RUN --text TEXT --picture maps.png` draws all heads of all layers.",
        ],
        pictures,
    )


def _picture(model: TracedModel, layers: Sequence[int], largest: float, name: str) -> Picture:
    svg = svg_of(lambda: _draw(model, layers, largest), name, f"Attention of {model.name}")
    heads = len(model.maps(0))
    caption = (
        f"Queries from top to bottom, keys from left to right; white is 0 and black {largest:.2f} in all maps. "
        f"The first column is the mean of {counted(heads, 'head')}."
    )
    return Picture(svg, model.name, caption, is_fine=True)


def _panels(model: TracedModel, layer: int) -> np.ndarray:
    """The mean of all heads, then the first of them: (panels, query, key)."""
    maps = model.maps(layer)
    return np.concatenate([maps.mean(axis=0, keepdims=True), maps[:_HEADS]])


def _draw(model: TracedModel, layers: Sequence[int], largest: float) -> "Figure":
    from matplotlib.figure import Figure

    heads = len(_panels(model, layers[0])) - 1
    figure = Figure(figsize=(_MARGIN + _CELL * (1 + heads), _MARGIN + _CELL * len(layers)))
    axes = figure.subplots(len(layers), 1 + heads, squeeze=False, sharex=True, sharey=True)
    for row, layer in zip(axes, layers, strict=True):
        for axis, panel in zip(row, _panels(model, layer), strict=True):
            axis.imshow(panel, cmap="Greys", vmin=0.0, vmax=largest)
            axis.grid(visible=False)
        row[0].set_ylabel(f"layer {layer}", fontsize=8)
    for place, axis in enumerate(axes[0]):
        axis.set_title("mean" if place == 0 else f"head {place - 1}", fontsize=8)
    _label_tokens(axes[-1][0], model.tokens)
    return figure


def _label_tokens(axis: "Axes", tokens: Sequence[str]) -> None:
    """Tokens at the edges of the picture, where they are few enough to be read; the maps share their axes."""
    if len(tokens) > MAX_LABELS:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    size = min(7.0, 60.0 / len(tokens))
    axis.set_xticks(range(len(tokens)), tokens)
    axis.set_yticks(range(len(tokens)), tokens)
    for other in axis.figure.axes:
        other.tick_params(axis="x", labelsize=size, length=0, rotation=90)
        other.tick_params(axis="y", labelsize=size, length=0)
