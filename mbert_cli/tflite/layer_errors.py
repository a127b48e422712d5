"""Which dense maps of a quantized artifact do the damage: each alone and all but it, against the float32 file.

Each figure is an artifact that is quantized, run and thrown away, so they are taken on few rows, and of a model with
many dense maps first by block and then one by one in the worst blocks.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mbert_cli.backend import count_cores
from mbert_cli.errors import UserError
from mbert_cli.spread import spread_places
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.dense_layers import dense_layers
from mbert_cli.tflite.fold import Weights
from mbert_cli.tflite.interpreter import opened_content

MEASURED_ROWS = 32
"""Training rows that errors are means over. With 24 the five worst maps of a MiniLM were those of 872 rows."""

MANY_LAYERS = 40
"""A model of more dense maps is measured by block first."""

WORST_BLOCKS = 3
"""Blocks whose dense maps are then measured one by one."""

WORST_LAYERS = 8
"""Dense maps, the worst alone, of which is measured how much is left without them."""

Quantized = Callable[[Collection[str]], bytes]
"""Names of dense maps that are kept in higher precision, as `quantize` takes them -> the content of a .tflite file."""


@dataclass(frozen=True)
class LayerError:
    """What a dense map, or all of a block, does to the outputs.

    Attributes:
        path: Where its weights lie, such as `encoder/layer_05/feed_forward_0/output`; of a block `encoder/layer_05`.
        names: What `quantize` calls the dense maps.
        alone: Mean difference of the outputs from those of the float32 file if nothing else is in the mode.
        without: The same if all but this is in the mode; None if that was not measured.
    """

    path: str
    names: tuple[str, ...]
    alone: float
    without: float | None = None


@dataclass(frozen=True)
class LayerErrors:
    """What each part of a quantized model does to its outputs.

    Attributes:
        rows: Training rows that the errors are means over.
        every: Mean difference of the outputs if every dense map is in the mode.
        rest: The same if none is, but everything else.
        layers: The dense maps that were measured, worst first.
        blocks: The blocks, worst first; empty where all dense maps were measured.
    """

    rows: int
    every: float
    rest: float
    layers: tuple[LayerError, ...]
    blocks: tuple[LayerError, ...] = ()

    def record(self) -> dict[str, object]:
        """What report.json keeps; null for what the runtime refused."""

        def finite(error: float | None) -> float | None:
            return None if error is None or np.isinf(error) else error

        def entries(errors: Sequence[LayerError]) -> list[dict[str, object]]:
            return [
                {"layer": one.path, "alone": finite(one.alone), "without": finite(one.without)}
                for one in errors
            ]

        return {
            "rows": self.rows, "every": finite(self.every), "rest": finite(self.rest), "layers": entries(self.layers),
            "blocks": entries(self.blocks),
        }  # fmt: skip


def measure_layer_errors(
    float_content: bytes, weights: Weights, quantized: Quantized, rows: Batch
) -> LayerErrors:
    """Measures a quantized model layer by layer.

    Args:
        float_content: The float32 .tflite file that it is quantized from.
        weights: Those of the folded model, by canonical name.
        quantized: Quantizes it.
        rows: token_ids, segment_ids and padding_mask, (rows, length) int32, of the training set.
    """
    chosen = spread_places(len(rows["token_ids"]), MEASURED_ROWS)
    trial = _Trial(float_content, quantized, {name: values[chosen] for name, values in rows.items()})
    maps: dict[str, tuple[str, ...]] = {
        path: (name,) for path, name in dense_layers(float_content, weights).items()
    }
    every_name = [name for names in maps.values() for name in names]
    blocks: list[LayerError] = []
    candidates = maps
    if len(maps) > MANY_LAYERS:
        blocks = _worst_first(trial.alone(path, names, every_name) for path, names in _blocks(maps).items())
        worst = {name for block in blocks[:WORST_BLOCKS] for name in block.names}
        candidates = {path: names for path, names in maps.items() if set(names) <= worst}
    layers = _worst_first(trial.alone(path, names, every_name) for path, names in candidates.items())
    layers[:WORST_LAYERS] = [trial.without(layer) for layer in layers[:WORST_LAYERS]]
    return LayerErrors(len(chosen), trial.error(()), trial.error(every_name), tuple(layers), tuple(blocks))


class _Trial:
    """Quantizes a model with some of its dense maps kept, and compares what it says with the float32 file."""

    def __init__(self, float_content: bytes, quantized: Quantized, rows: Batch) -> None:
        self.quantized, self.rows = quantized, rows
        self.expected = _outputs(float_content, rows)

    def error(self, kept: Collection[str]) -> float:
        """Mean difference of the outputs; infinity where the runtime refuses the file."""
        try:
            outputs = _outputs(self.quantized(kept), self.rows)
        except UserError:
            return np.inf
        return float(np.abs(outputs - self.expected).mean())

    def alone(self, path: str, names: tuple[str, ...], every_name: Sequence[str]) -> LayerError:
        return LayerError(path, names, self.error([name for name in every_name if name not in names]))

    def without(self, layer: LayerError) -> LayerError:
        return LayerError(layer.path, layer.names, layer.alone, self.error(layer.names))


def _outputs(content: bytes, rows: Batch) -> np.ndarray:
    with opened_content(content, workers=count_cores()) as artifact:
        return artifact.predict(rows)


def _blocks(maps: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Names of the dense maps by block; what is outside of the encoder is a block by itself."""
    blocks: dict[str, tuple[str, ...]] = {}
    for path, names in maps.items():
        block = "/".join(path.split("/")[:2])
        blocks[block] = (*blocks.get(block, ()), *names)
    return blocks


def _worst_first(errors: Iterable[LayerError]) -> list[LayerError]:
    return sorted(errors, key=lambda error: -error.alone)
