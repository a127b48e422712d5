"""Attention maps as a picture: one row a block, one column a head, models side by side."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError

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
                "Choose others with --layers.",
            )
    heads = [arrays["attention/layer_00"].shape[0] for arrays in traces.values()]
    figure, axes = pyplot.subplots(
        len(chosen), sum(heads), squeeze=False,
        figsize=(CELL_INCHES * sum(heads) + 1, CELL_INCHES * len(chosen) + 1),
    )  # fmt: skip
    first = 0
    for (name, arrays), count in zip(traces.items(), heads, strict=True):
        for row, layer in enumerate(chosen):
            for head, attention in enumerate(arrays[f"attention/layer_{layer:02d}"]):
                _draw_cell(axes[row][first + head], attention, arrays["tokens"])
                if head == 0:
                    axes[row][first].set_ylabel(f"layer {layer}", fontsize=8)
                if row == 0:
                    axes[0][first + head].set_title(
                        f"{name}\nhead {head}" if head == 0 else f"head {head}", fontsize=8
                    )
        first += count
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _draw_cell(axis: object, attention: np.ndarray, tokens: np.ndarray) -> None:
    """One head: queries from top to bottom, keys from left to right, black for 1."""
    axis.imshow(attention, cmap="Greys", vmin=0.0, vmax=max(float(attention.max()), 1e-6))
    if len(tokens) > MAX_LABELS:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    shown = [re.sub(r"[$\\]", "", str(token)) for token in tokens]  # would be read as formulas
    axis.set_xticks(range(len(tokens)), shown, rotation=90, fontsize=4)
    axis.set_yticks(range(len(tokens)), shown, fontsize=4)


def _pyplot():
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "A picture is drawn by matplotlib. Received: --picture, and it is not installed.",
            "`pip install mbert[pictures]`.",
        ) from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
