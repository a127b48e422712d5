"""Which kernels of a network are divided among devices that hold one model together, and along which axis.

What reads a block's rows is divided by its outputs, whole heads or inner features, and what writes to them by its
inputs: between the two each device computes alone, and the parts of the sums are added up twice in a block (Shoeybi
et al., "Megatron-LM", 2019, section 3). Embeddings, bottlenecks, norms and heads of a task lie on every device.
"""

import math
import re

from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.model.options import Architecture
from mbert_cli.model.weight_shapes import encoder_shapes

MODEL_AXIS = "model"
"""Name of the axis of devices that divide a model."""

DIVIDED: dict[str, tuple[str | None, ...]] = {
    "attention/(query|key|value)/kernel": (None, MODEL_AXIS),
    "attention/(query|key|value)/bias": (MODEL_AXIS,),
    "attention/output/kernel": (MODEL_AXIS, None),
    r"feed_forward_\d+/intermediate/kernel": (None, MODEL_AXIS),
    r"feed_forward_\d+/intermediate/bias": (MODEL_AXIS,),
    r"feed_forward_\d+/output/kernel": (MODEL_AXIS, None),
}
"""Places of weights within a block, as patterns -> the axis of devices along each of their own."""


_PATTERNS = {re.compile(f".*/{place}"): axes for place, axes in DIVIDED.items()}


def divided_axes(name: str) -> tuple[str | None, ...]:
    """For each axis of a weight, by its path, the axis of devices along it; (None,) for one that no device divides."""
    found = (axes for pattern, axes in _PATTERNS.items() if pattern.fullmatch(name))
    return next(found, (None,))


def count_divided(size: Architecture) -> int:
    """Parameters of an encoder that are divided among the devices of a model."""
    shapes = encoder_shapes(size, 0)
    return sum(math.prod(shape) for name, shape in shapes.items() if MODEL_AXIS in divided_axes(name))


def require_divisible_model(size: Architecture, model_parallel: int, what: str) -> None:
    """Checks that devices can divide the layers of a network evenly.

    Args:
        size: The network.
        model_parallel: How many devices hold it together.
        what: The network in words, such as `the teacher`.

    Raises:
        UserError: They cannot.
    """
    common = math.gcd(size.num_heads, size.intermediate_dim)
    if common % model_parallel:
        possible = max(count for count in range(1, model_parallel) if common % count == 0)
        raise UserError(
            f"hosts.model_parallel must divide the heads and the inner width of every layer. Received: "
            f"{model_parallel} for {what} with {counted(size.num_heads, 'head')} and an inner width of "
            f"{size.intermediate_dim:,}",
            f"--set hosts.model_parallel={possible}",
        )
