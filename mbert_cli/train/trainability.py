"""Which weights of a network train in a stage, and at which share of the learning rate."""

from collections.abc import Mapping

import keras

from mbert_cli.errors import UserError
from mbert_cli.model.block import rematerialize_blocks
from mbert_cli.train.companions import scale_companions
from mbert_cli.train.objective import Objective
from mbert_cli.train.optimizer import make_optimizer
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage
from mbert_cli.train.streams import count_shards


def compile_stage(objective: Objective, stage: Stage, options: TrainOptions) -> None:
    """Freezes what the stage does not train and gives the objective a fresh optimizer.

    Raises:
        UserError: `stage.layer_scale` names a layer that the network does not have.
    """
    rematerialize_blocks(objective.network, options.rematerialize)
    scales = set_trainable(objective.network, stage.layer_scale)
    scales += scale_companions(objective.companions, stage.companion_scale)
    optimizer = make_optimizer(options.optimizer, stage.schedule, scales, options.accumulation_steps)
    objective.compile(
        optimizer=optimizer,
        jit_compile=options.jit_compile,  # Keras' own "auto" is ours: XLA on JAX and on a GPU
        steps_per_execution=options.steps_per_execution,
    )
    objective.shards = count_shards(options)
    optimizer.build(objective.trainable_variables)


def set_trainable(
    network: keras.Model, layer_scale: Mapping[str, float] | None
) -> list[tuple[keras.Variable, float]]:
    """Makes exactly the layers with a scale above 0 trainable.

    Args:
        network: A functional model. Layers of a model that is nested in it count as its own.
        layer_scale: As in `Stage`.

    Returns:
        Every trainable weight with its scale.

    Raises:
        UserError: A name is not that of a layer.
    """
    layers = _layers(network)
    scales = dict.fromkeys(layers, 1.0) if layer_scale is None else layer_scale
    unknown = [name for name in scales if name not in layers]
    if unknown:
        raise UserError(
            f"A stage can only scale layers of the network, {', '.join(layers)}. "
            f"Received: {', '.join(unknown)}"
        )
    network.trainable = True
    for name, layer in layers.items():
        layer.trainable = scales.get(name, 0.0) > 0
    return [(v, scales[name]) for name, layer in layers.items() for v in layer.trainable_variables]


def _layers(network: keras.Model) -> dict[str, keras.Layer]:
    """Layers with weights by name, those of nested models included."""
    layers: dict[str, keras.Layer] = {}
    for layer in network.layers:
        inner = layer.layers if isinstance(layer, keras.Model) else [layer]
        layers |= {part.name: part for part in inner if part.weights}
    return layers
