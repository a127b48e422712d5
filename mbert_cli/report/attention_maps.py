"""Attention maps as a picture: one row per block, one column per head, models side by side on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.home import lend_cache

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mbert_cli.report.lettering import Lettering

CELL_INCHES = 1.6
MAX_LABELS = 24
"""Tokens that are still written at the axes."""


def draw(path: Path, traces: Mapping[str, Mapping[str, np.ndarray]], layers: Sequence[int]) -> None:
    """Draws the attention of some blocks, models side by side.

    Args:
        path: The .png file.
        traces: Arrays of `trace_run` by the name of the model.
        layers: Blocks from 0; empty for all that every model has.

    Raises:
        UserError: Matplotlib is not installed, or a model has no such block.
    """
    pyplot = _pyplot()
    counts = {name: sum(key.startswith("attention/") for key in arrays) for name, arrays in traces.items()}
    chosen = list(layers) or list(range(min(counts.values())))
    for name, count in counts.items():
        if any(not 0 <= layer < count for layer in chosen):
            raise UserError(
                f"The layers of {name} are 0 to {count - 1}. Received: {', '.join(map(str, chosen))}",
                "Choose others with --layer.",
            )
    figure = _compose(pyplot, traces, chosen)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _compose(
    pyplot: ModuleType, traces: Mapping[str, Mapping[str, np.ndarray]], layers: Sequence[int]
) -> Figure:
    """All maps on one scale, from white for 0 to black for the largest value among them, with its bar."""
    from mbert_cli.report.lettering import Lettering

    maps = {
        name: [arrays[f"attention/layer_{layer:02d}"] for layer in layers] for name, arrays in traces.items()
    }
    largest = max(float(attention.max()) for rows in maps.values() for attention in rows)
    heads = {name: len(rows[0]) for name, rows in maps.items()}
    lettering = Lettering.for_texts(
        [*traces, *(str(token) for arrays in traces.values() for token in arrays["tokens"])]
    )
    figure, axes = pyplot.subplots(
        len(layers), sum(heads.values()), squeeze=False, layout="constrained",
        figsize=(CELL_INCHES * sum(heads.values()) + 2, CELL_INCHES * len(layers) + 1),
    )  # fmt: skip
    first = 0
    for name, rows in maps.items():
        tokens = [lettering.readable(str(token)) for token in traces[name]["tokens"]]
        for row, attention in enumerate(rows):
            for head, axis in enumerate(axes[row][first : first + heads[name]]):
                image = axis.imshow(attention[head], cmap="Greys", vmin=0.0, vmax=largest)
                _label_ticks(axis, tokens, lettering)
                if head == 0:
                    axis.set_ylabel(f"layer {layers[row]}", fontsize=8)
                if row == 0:
                    above = f"{lettering.readable(name)}\n" if head == 0 else ""
                    axis.set_title(f"{above}head {head}", fontsize=8, **lettering.properties)
        first += heads[name]
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 3 / len(layers)), pad=0.01)
    bar.set_label("attention, one scale for all maps", fontsize=8)
    bar.ax.tick_params(labelsize=6)
    return figure


def _label_ticks(axis: Axes, tokens: Sequence[str], lettering: Lettering) -> None:
    """One head: queries from top to bottom, keys from left to right."""
    if len(tokens) > MAX_LABELS:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    axis.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=4, **lettering.properties)
    axis.set_yticks(range(len(tokens)), tokens, fontsize=4, **lettering.properties)


def require_pictures() -> None:
    """Checks that the package that draws is there and can be imported.

    Raises:
        UserError: It is not, or cannot.
    """
    try:
        _pyplot()
    except Exception as error:
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == "matplotlib"
        found = "it is not installed" if is_absent else f"it cannot be imported ({error})"
        raise UserError(
            f"A picture is drawn by matplotlib. Received: --picture, and {found}.",
            "`pip install 'mbert[pictures]'`.",
        ) from error


def _pyplot():
    lend_cache("MPLCONFIGDIR", "matplotlib")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
