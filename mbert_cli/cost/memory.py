"""What a device holds during a step, by what it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.cost.training import StageCost, Training, parameters_of, projections_of
from mbert_cli.model.cost import FLOAT_BYTES, comparing_bytes, projecting_bytes, training_bytes


@dataclass(frozen=True)
class Held:
    """Bytes that each device holds, by an estimate.

    Attributes:
        weights: Of all networks; every device has them whole.
        optimizer: Gradients of what trains in the stage that trains most, two moments for each, and what an
            accumulation adds up.
        activations: What the gradients of its rows need, with the states of a teacher.
    """

    weights: int
    optimizer: int
    activations: float

    @property
    def total(self) -> float:
        """All together."""
        return self.weights + self.optimizer + self.activations


def memory_of(
    training: Training,
    stages: Sequence[StageCost],
    *,
    float_bytes: int = FLOAT_BYTES,
    accumulates: bool = False,
    devices: int = 1,
) -> Held:
    """What each of some devices holds.

    Args:
        training: What takes part.
        stages: What its stages cost.
        float_bytes: Bytes of an activation.
        accumulates: Whether the gradients of several steps are averaged.
        devices: How many share out the rows of a batch.
    """
    trained = max(stage.trained for stage in stages)
    return Held(
        FLOAT_BYTES * sum(parameters_of(training, [cost.stage for cost in stages]).values()),
        (3 + accumulates) * FLOAT_BYTES * trained,
        _activations(training, stages, training.batch_size / devices, float_bytes),
    )


def _activations(training: Training, stages: Sequence[StageCost], rows: float, float_bytes: int) -> float:
    """What grows with the rows: of the network, of the teacher, and of the projections between them."""
    batch, length = math.ceil(rows), training.length
    network, teacher, predictions = training.network, training.teacher, training.predictions
    size, vocab_size = network.size, network.vocab_size

    def own(batch: int) -> int:
        return training_bytes(size, vocab_size, batch, length, predictions, float_bytes)

    held = own(batch) - own(0)
    if teacher is None:
        return held
    compares_outputs = any(one.teacher_place is None for cost in stages for one in cost.stage.compare)
    compared = predictions if compares_outputs else 0
    held += comparing_bytes(teacher.size, vocab_size, batch, length, compared)
    held -= comparing_bytes(teacher.size, vocab_size, 0, length, compared)
    places = projections_of(training, [one for cost in stages for one in cost.stage.compare])
    return held + projecting_bytes(teacher.size.hidden_dim, size.hidden_dim, 0, len(places), batch, length)
