"""Attention maps as a picture: one row per block, one column per head, models side by side on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.home import lend_cache
from mbert_cli.model.options import layer_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mbert_cli.report.lettering import Lettering

CELL_INCHES = 1.6
MAX_LABELS = 24
"""Tokens that are still written at the axes."""


@dataclass(frozen=True)
class TracedModel:
    """A model with what it computed.

    Attributes:
        name: What it is called.
        arrays: Those of `trace_model`.
    """

    name: str
    arrays: Mapping[str, np.ndarray]

    @property
    def num_layers(self) -> int:
        """Its blocks."""
        return sum(name.startswith("attention/") for name in self.arrays)

    @property
    def tokens(self) -> list[str]:
        """The text as it reads it."""
        return [str(token) for token in self.arrays["tokens"]]

    def maps(self, layer: int) -> np.ndarray:
        """Attention (heads, query, key) of a block."""
        return self.arrays[f"attention/{layer_name(layer)}"]


def draw_attention(path: Path, models: Sequence[TracedModel], layers: Sequence[int]) -> None:
    """Draws the attention of some blocks, models side by side.

    Args:
        path: The .png file.
        models: The models, with different names.
        layers: Blocks that every model has, from 0; empty for all of these.
    """
    pyplot = _pyplot()
    figure = _compose(pyplot, models, layers or range(min(model.num_layers for model in models)))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _compose(pyplot: ModuleType, models: Sequence[TracedModel], layers: Sequence[int]) -> Figure:
    """All maps on one scale, from white for 0 to black for the largest value among them, with its bar."""
    from mbert_cli.report.lettering import Lettering

    columns = [(model, head) for model in models for head in range(len(model.maps(0)))]
    largest = max(float(model.maps(layer).max()) for model in models for layer in layers)
    lettering = Lettering.for_texts([text for model in models for text in (model.name, *model.tokens)])
    figure: Figure
    figure, axes = pyplot.subplots(
        len(layers), len(columns), squeeze=False, layout="constrained",
        figsize=(CELL_INCHES * len(columns) + 2, CELL_INCHES * len(layers) + 1),
    )  # fmt: skip
    for place, (model, head) in enumerate(columns):
        for axis, layer in zip(axes[:, place], layers, strict=True):
            axis.imshow(model.maps(layer)[head], cmap="Greys", vmin=0.0, vmax=largest)
            _label_ticks(axis, model.tokens, lettering)
        above = f"{lettering.readable(model.name)}\n" if head == 0 else ""
        axes[0, place].set_title(f"{above}head {head}", fontsize=8, **lettering.properties)
        if head == 0:
            for axis, layer in zip(axes[:, place], layers, strict=True):
                axis.set_ylabel(f"layer {layer}", fontsize=8)
    bar = figure.colorbar(axes[-1, -1].images[0], ax=axes, shrink=min(1.0, 3 / len(layers)), pad=0.01)
    bar.set_label("attention, one scale for all maps", fontsize=8)
    bar.ax.tick_params(labelsize=6)
    return figure


def _label_ticks(axis: Axes, tokens: Sequence[str], lettering: Lettering) -> None:
    """One head: queries from top to bottom, keys from left to right."""
    if len(tokens) > MAX_LABELS:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    readable = [lettering.readable(token) for token in tokens]
    axis.set_xticks(range(len(tokens)), readable, rotation=90, fontsize=4, **lettering.properties)
    axis.set_yticks(range(len(tokens)), readable, fontsize=4, **lettering.properties)


def require_pictures(received: str = "--picture") -> None:
    """Checks that the package that draws is there and can be imported.

    Args:
        received: The flag that asked for a picture.

    Raises:
        UserError: It is not, or cannot.
    """
    try:
        _pyplot()
    except Exception as error:
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == "matplotlib"
        found = "it is not installed" if is_absent else f"it cannot be imported ({error})"
        raise UserError(
            f"A picture is drawn by matplotlib. Received: {received}, and {found}",
            "`pip install 'mbert[pictures]'`.",
        ) from error


def _pyplot() -> ModuleType:
    lend_cache("MPLCONFIGDIR", "matplotlib")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
