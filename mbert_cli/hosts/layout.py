"""Devices in a grid: along one axis they share out the rows of a batch, along the other they divide each layer.

It is for a model that does not fit one device, and costs two sums over the devices of a model in each layer, forward
and backward. The step is compiled for the global batch and whole weights, so that it computes what one device does.
"""

from collections.abc import Sequence
from typing import Any

import keras

from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.model.splitting import DIVIDED, MODEL_AXIS

BATCH_AXIS = "batch"


def divided_models(devices: Sequence[str], model_parallel: int) -> keras.distribution.ModelParallel:
    """The distribution of networks whose layers are divided, each among neighbours.

    Args:
        devices: Those of all hosts, by Keras' names; those of a host together.
        model_parallel: How many of them hold one model.

    Raises:
        UserError: The devices are not a multiple of that.
    """
    if len(devices) % model_parallel:
        raise UserError(
            f"hosts.model_parallel must divide the number of devices. Received: {model_parallel} for "
            f"{counted(len(devices), 'device')}",
            f"--set hosts.model_parallel={_largest_divisor(len(devices), model_parallel)}",
        )
    shape = len(devices) // model_parallel, model_parallel
    mesh = keras.distribution.DeviceMesh(shape, (BATCH_AXIS, MODEL_AXIS), list(devices))
    layout = keras.distribution.LayoutMap(mesh)
    for place, axes in DIVIDED.items():
        layout[rf"(.*/)?layer_\d+/{place}"] = axes
    return keras.distribution.ModelParallel(
        layout_map=layout, batch_dim_name=BATCH_AXIS, auto_shard_dataset=False
    )


def layout_of(variable: keras.Variable) -> Any:
    """How a variable lies on devices that divide models, for one that shall lie as it does; elsewhere None."""
    distribution = keras.distribution.distribution()
    is_dividing = isinstance(distribution, keras.distribution.ModelParallel)
    return distribution.get_variable_layout(variable) if is_dividing else None


def _largest_divisor(number: int, at_most: int) -> int:
    return max(count for count in range(1, min(number, at_most) + 1) if number % count == 0)
