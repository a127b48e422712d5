"""What a training leaves on a disk."""

from collections.abc import Sequence

from mbert_cli.cost.training import Training, parameters_of
from mbert_cli.model.cost import FLOAT_BYTES
from mbert_cli.runs.disk import checkpoint_bytes
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage


def training_disk_bytes(
    training: Training, plan: Sequence[Stage], options: TrainOptions, models: int = 1
) -> int:
    """What the checkpoints of a training need at most, and the models that it leaves behind.

    Args:
        training: What takes part; projections lie in the checkpoints as what trains does.
        plan: The stages, in order.
        options: How it trains.
        models: How many models are left behind, for one of which the checkpoints have room.
    """
    taught = training.teacher.parameters if training.teacher else 0
    saved = sum(parameters_of(training, plan).values()) - taught
    checkpoints = checkpoint_bytes(saved, options.keep_checkpoints, accumulates=options.accumulates)
    return checkpoints + FLOAT_BYTES * training.network.parameters * (models - 1)
