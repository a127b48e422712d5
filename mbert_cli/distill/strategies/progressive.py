"""The strategy `progressive`: one layer after the other (PKT in MobileBERT's paper)."""

import itertools
from collections.abc import Sequence

from mbert_cli.distill.options import ProgressiveOptions
from mbert_cli.distill.strategies.layers import compare_layers, transfer_weights
from mbert_cli.distill.strategies.mobilebert import pretraining_stage, transfer_rate_key, transfer_schedule
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.model.options import layer_name
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage


def progressive(
    options: ProgressiveOptions, places: Sequence[int], optimizer: OptimizerOptions
) -> list[Stage]:
    """Returns a stage for each layer from the bottom up, then pre-training distillation.

    In the stage of a layer only that layer's losses count. Layers whose stage is over and the
    embeddings continue at `finished_layer_scale`; layers above are not even built. The code of 2020 keeps
    the embeddings fixed; `finished_layer_scale: 0` does so here.
    """
    shares = _shares(options.transfer_steps, len(places) - 1)
    stages = [
        Stage(
            name=f"transfer {layer_name(layer)}",
            steps=steps,
            loss_weights=transfer_weights(options),
            schedule=transfer_schedule(options, optimizer, steps, options.warmup_rate),
            rate_key=transfer_rate_key(options),
            layer_scale=_scale(options, layer),
            compare=compare_layers(options, places, [layer]),
        )
        for layer, steps in enumerate(shares)
    ]
    return [*stages, pretraining_stage(options, optimizer)]


def _scale(options: ProgressiveOptions, layer: int) -> dict[str, float]:
    """Learning rates in the stage of a layer, as shares of that layer's."""
    finished = options.finished_layer_scale
    learns_embeddings = layer == 0 and "embeddings" not in options.warm_start
    below = {layer_name(lower): finished for lower in range(layer)}
    return {"embeddings": 1.0 if learns_embeddings else finished, **below, layer_name(layer): 1.0}


def _shares(steps: int, num_layers: int) -> list[int]:
    """Shares of the steps that differ by at most one and add up to all of them.

    Raises:
        UserError: There are fewer steps than layers.
    """
    if steps < num_layers:
        raise UserError(
            f"The strategy progressive needs at least one transfer step per layer. "
            f"Received: {counted(steps, 'step')} for {counted(num_layers, 'layer')}",
            "Raise distill.transfer_steps.",
        )
    edges = [steps * layer // num_layers for layer in range(num_layers + 1)]
    return [end - start for start, end in itertools.pairwise(edges)]
