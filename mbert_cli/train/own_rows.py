"""A step in which each device computes its own rows, and the devices sum what comes of them as one array.

Elsewhere the compiler sums each gradient, and the parts of each loss, on their own. Processors exchange arrays by
gloo, to which a small array costs milliseconds: for the hundreds of weights of a network it takes longer than the step.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Loss, Tensors
from mbert_cli.model.own_rows import OwnRows, computing
from mbert_cli.train.streams import weight_of

if TYPE_CHECKING:
    from mbert_cli.train.objective import Objective

_Variables = list[Tensor]


def gradients_on_own_rows(
    objective: "Objective", trained: _Variables, others: _Variables, batch: Tensors
) -> tuple[_Variables, Tensors, _Variables]:
    """Gradients of the total, every figure, and the new values of what else a step changes.

    Args:
        objective: All its losses say what weighs their mean.
        trained: Values of the variables that train.
        others: Those of all others, but for the optimizer's and the record's.
        batch: The global batch, whose rows lie on the devices that compute them.
    """
    import jax

    def on_own_rows(trained: _Variables, others: _Variables, rows: Tensors) -> Any:
        def own_part(trained: _Variables) -> tuple[Tensor, Any]:
            parts, updated = _own_parts(objective, trained, others, rows, training=True)
            return objective.total(parts), (parts, updated)

        gradients, (parts, updated) = jax.grad(own_part, has_aux=True)(trained)
        return *_sum_as_one((gradients, parts)), updated

    results: tuple[_Variables, Tensors, _Variables] = _shared_out(on_own_rows)(trained, others, batch)
    return results


def figures_on_own_rows(
    objective: "Objective", trained: _Variables, others: _Variables, batch: Tensors
) -> tuple[Tensors, _Variables]:
    """Every figure in inference mode, and the values of what a step may change; arguments as for the gradients."""

    def on_own_rows(trained: _Variables, others: _Variables, rows: Tensors) -> Any:
        parts, updated = _own_parts(objective, trained, others, rows, training=False)
        return _sum_as_one(parts), updated

    results: tuple[Tensors, _Variables] = _shared_out(on_own_rows)(trained, others, batch)
    return results


def _shared_out(on_own_rows: Callable[..., Any]) -> Callable[..., Any]:
    """A function of trained and other variables and the batch, of which each device computes its rows."""
    import jax
    from jax.sharding import PartitionSpec

    partition: Callable[..., Any] = PartitionSpec
    everywhere, by_rows = partition(), partition(_axis())
    # Without the check, which would sum each gradient as soon as it is there. What a step changes beside what trains,
    # states of random generators, is the same on all devices.
    return jax.shard_map(
        on_own_rows, mesh=_mesh(), in_specs=(everywhere, everywhere, by_rows), out_specs=everywhere, check_vma=False
    )  # fmt: skip


def _mesh() -> Any:
    return keras.distribution.distribution().device_mesh.backend_mesh


def _axis() -> str:
    """What the devices that share out a batch are called together."""
    return str(keras.distribution.distribution().batch_dim_name)


def _own_parts(
    objective: "Objective", trained: _Variables, others: _Variables, rows: Tensors, *, training: bool
) -> tuple[dict[str, Tensor], _Variables]:
    """What the rows of a device add to each figure, and the new values of the other variables."""
    import jax

    with computing(OwnRows(jax.lax.axis_index(_axis()), _mesh().shape[_axis()])):
        figures, updated = objective.stateless_call(trained, others, rows, training=training)
    shares = _shares(figures, objective.known_losses or {}, rows)
    return {name: figure * shares[name] for name, figure in figures.items()}, updated


def _shares(figures: Tensors, losses: Mapping[str, Loss], rows: Tensors) -> dict[str, Tensor]:
    """The share that the weights of these rows have in those of the batch, for each figure."""
    own = ops.stack([ops.cast(weight_of(name, losses, rows), "float32") for name in figures])
    shares = own / ops.maximum(_sum(own), 1.0)
    return {name: shares[place] for place, name in enumerate(figures)}


def _sum_as_one(arrays: Any) -> Any:
    """Sums arrays over the devices, all in one exchange."""
    from jax.flatten_util import ravel_pytree

    flat, restore = ravel_pytree(arrays)
    return restore(_sum(flat))


def _sum(array: Tensor) -> Tensor:
    import jax

    over_devices: Callable[..., Tensor] = jax.lax.psum
    return over_devices(array, _axis())
