"""A network as a function of batches, wherever several devices share them out."""

from collections.abc import Mapping

import keras
import numpy as np

from mbert_cli.backend import Forward, Tensor, compile_forward
from mbert_cli.hosts.devices import is_distributed, own_share, replicas


def forward_of(network: keras.Model) -> Forward:
    """The network as a function of batches of any size and length, without dropout.

    Where there are several devices, each computes some of the rows. Then every host calls it with the same whole
    batches in the same order, and receives all outputs.
    """
    return _shared_forward(network) if is_distributed() else compile_forward(network)


def _shared_forward(network: keras.Model) -> Forward:
    import jax

    mesh = keras.distribution.distribution().device_mesh
    everywhere = keras.distribution.TensorLayout((), mesh).backend_layout

    def outputs_of(
        trained: list[Tensor], others: list[Tensor], batch: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        outputs: dict[str, Tensor]
        outputs, _ = network.stateless_call(trained, others, batch, training=False)
        return outputs

    compiled = jax.jit(outputs_of, out_shardings=everywhere)

    def forward(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        rows = len(next(iter(batch.values())))
        placed = {name: _place(_filled(array)) for name, array in batch.items()}
        trained = [variable.value for variable in network.trainable_variables]
        others = [variable.value for variable in network.non_trainable_variables]
        outputs: dict[str, Tensor] = jax.tree.map(
            lambda array: np.asarray(array)[:rows], compiled(trained, others, placed)
        )
        return outputs

    return forward


def _filled(array: np.ndarray) -> np.ndarray:
    """The rows of a batch, and its first as often as it takes for devices to share them out evenly."""
    missing = -len(array) % replicas()
    return np.concatenate([array, np.repeat(array[:1], missing, axis=0)]) if missing else array


def _place(array: np.ndarray) -> Tensor:
    """A whole batch's array -> one whose rows lie on the devices that compute them."""
    from keras.src.backend.jax.distribution_lib import distribute_data_input

    distribution = keras.distribution.distribution()
    layout = distribution.get_data_layout(array.shape)
    return distribute_data_input(array[own_share().of(len(array))], layout, distribution.batch_dim_name)
