"""Which devices compute a step, and which rows of a batch this host feeds them.

Every weight lies on every device, and each device computes some rows of the global batch; or several devices divide
the weights of a model (`layout.py`), and compute the same rows. The step is compiled for
the global batch, so that means, norms and random numbers are those of one device that computes all rows.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from mbert_cli.backend import count_tensorflow_gpus
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.hosts.layout import divided_models
from mbert_cli.hosts.shares import GlobalBatches, RowShare
from mbert_cli.text.batch import Batch


def distribute(model_parallel: int = 1) -> None:
    """Shares the rows of a batch out among all devices of all hosts, for whatever Keras builds from now on.

    One device computes as ever, and so does TensorFlow.

    Args:
        model_parallel: Devices among which each layer is divided.

    Raises:
        UserError: There are not so many devices, or not a multiple of them.
    """
    if keras.backend.backend() != "jax":
        return
    devices = _all_devices()
    if model_parallel > 1:
        keras.distribution.set_distribution(divided_models(devices, model_parallel))
    elif len(devices) > 1:
        parallel = keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
        keras.distribution.set_distribution(parallel)


def idle_gpus() -> int:
    """How many GPUs of this machine a training leaves alone: on TensorFlow all but one."""
    if keras.backend.backend() != "tensorflow":
        return 0
    return max(0, count_tensorflow_gpus() - 1)


def _all_devices() -> Sequence[str]:
    """Every device, those of a host together: rows of a host must be neighbours, and of a TPU pod they need not be."""
    import jax

    found = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    return [f"{device.platform}:{device.id}" for device in found]


def is_distributed() -> bool:
    """Whether several devices share out a batch."""
    return keras.distribution.distribution() is not None


def replicas() -> int:
    """Into how many parts a batch is cut, each computed by a device or by several that divide a model."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.num_model_replicas)


def count_devices() -> int:
    """How many devices compute a step together."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.devices.size)


def divides_models() -> bool:
    """Whether several devices divide the weights of a model."""
    distribution = keras.distribution.distribution()
    return distribution is not None and replicas() < distribution.device_mesh.devices.size


def sums_as_one() -> bool:
    """Whether devices had better exchange one array a step: processors of several hosts that hold all weights."""
    if not is_distributed() or divides_models():
        return False
    import jax

    return jax.process_count() > 1 and jax.default_backend() == "cpu"


def own_share() -> RowShare:
    """The part of a batch that this host feeds; hosts that divide one model feed the same."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return RowShare()
    return RowShare(
        distribution.data_shard_id, min(distribution.num_processes, distribution.num_model_replicas)
    )


def own_rows(batches: GlobalBatches) -> Callable[[int], Batch]:
    """A function of the step that draws those rows of a batch which this host feeds, and no others."""
    share = own_share()
    return batches if share.count == 1 else batches.shard(share.index, share.count)


def require_divisible(batch_size: int) -> None:
    """Checks that every device computes as many rows.

    Raises:
        UserError: A batch cannot be shared out evenly.
    """
    count = replicas()
    if batch_size % count:
        nearest = max(count, round(batch_size / count) * count)
        raise UserError(
            f"Devices must divide train.batch_size evenly. Received: {counted(batch_size, 'example')} for "
            f"{counted(count, 'device')}",
            f"--set train.batch_size={nearest}",
        )


def to_numpy(array: Any) -> np.ndarray:
    """Copies an array of the backend, whole: where its parts lie with several hosts, they are gathered.

    All hosts must ask for the same arrays in the same order.
    """
    if hasattr(array, "is_fully_addressable") and not (
        array.is_fully_addressable or array.is_fully_replicated
    ):
        from jax.experimental import multihost_utils

        array = multihost_utils.process_allgather(array, tiled=True)
    values: np.ndarray = keras.ops.convert_to_numpy(array)
    return values
