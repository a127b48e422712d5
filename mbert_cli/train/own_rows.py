"""A step in which each device computes the gradients of its own rows, and all are summed as one array.

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
_Measure = Callable[[_Variables, _Variables, Tensors], tuple[Tensors, _Variables]]


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

    def measure(trained: _Variables, others: _Variables, rows: Tensors) -> tuple[Tensors, _Variables]:
        measured: tuple[Tensors, _Variables] = objective.stateless_call(trained, others, rows, training=True)
        return measured

    step = _shared_out(measure, objective.known_losses or {}, objective.total)
    results: tuple[_Variables, Tensors, _Variables] = step(trained, others, batch)
    return results


def _shared_out(
    measure: _Measure, losses: Mapping[str, Loss], total: Callable[[Tensors], Tensor]
) -> Callable[..., Any]:
    """A function of trained and other variables and the batch -> gradients, figures and the others' new values."""
    import jax
    from jax.sharding import PartitionSpec

    distribution = keras.distribution.distribution()
    mesh, axis = distribution.device_mesh.backend_mesh, distribution.batch_dim_name
    partition: Callable[..., Any] = PartitionSpec
    everywhere, by_rows = partition(), partition(axis)

    def on_own_rows(trained: _Variables, others: _Variables, rows: Tensors) -> Any:
        def own_part(trained: _Variables) -> tuple[Tensor, Any]:
            with computing(OwnRows(jax.lax.axis_index(axis), mesh.shape[axis])):
                figures, updated = measure(trained, others, rows)
            shares = _shares(figures, losses, rows, axis)
            parts = {name: figure * shares[name] for name, figure in figures.items()}
            return total(parts), (parts, updated)

        gradients, (parts, updated) = jax.grad(own_part, has_aux=True)(trained)
        return *_sum_as_one((gradients, parts), axis), updated

    # Without the check, which would sum each gradient as soon as it is there. What a step changes beside what trains,
    # states of random generators, is the same on all devices.
    return jax.shard_map(
        on_own_rows, mesh=mesh, in_specs=(everywhere, everywhere, by_rows), out_specs=everywhere, check_vma=False
    )  # fmt: skip


def _shares(figures: Tensors, losses: Mapping[str, Loss], rows: Tensors, axis: str) -> dict[str, Tensor]:
    """The share that the weights of these rows have in those of the batch, for each figure."""
    own = ops.stack([ops.cast(weight_of(name, losses, rows), "float32") for name in figures])
    shares = own / ops.maximum(_sum(own, axis), 1.0)
    return {name: shares[place] for place, name in enumerate(figures)}


def _sum_as_one(arrays: Any, axis: str) -> Any:
    """Sums arrays over the devices, all in one exchange."""
    from jax.flatten_util import ravel_pytree

    flat, restore = ravel_pytree(arrays)
    return restore(_sum(flat, axis))


def _sum(array: Tensor, axis: str) -> Tensor:
    import jax

    over_devices: Callable[..., Tensor] = jax.lax.psum
    return over_devices(array, axis)
