"""What a device holds during a step, by what it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.cost.training import StageCost, Training, parameters_of, projections_of
from mbert_cli.model.cost import (
    FLOAT_BYTES,
    comparing_bytes,
    count_elsewhere,
    projecting_bytes,
    training_bytes,
)


@dataclass(frozen=True)
class Held:
    """Bytes that each device holds, by an estimate.

    Attributes:
        weights: Of all networks; every device has them whole, or its part of them.
        optimizer: Gradients of what trains in the stage that trains most, two moments for each, and what an
            accumulation adds up.
        kept_activations: What the gradients of its rows need where it is kept, with the states of a teacher.
        repeated_activations: The same where blocks are computed again in the backward pass.
        repeats_blocks: Whether they are.
        fused_activations: Those of the two that the training holds, where XLA runs on a GPU.
    """

    weights: int
    optimizer: int
    kept_activations: int
    repeated_activations: int
    repeats_blocks: bool = False
    fused_activations: int = 0

    @property
    def activations(self) -> int:
        """Those of the two that the training holds."""
        return self.repeated_activations if self.repeats_blocks else self.kept_activations

    @property
    def total(self) -> int:
        """All together."""
        return self.weights + self.optimizer + self.activations

    @property
    def fused_total(self) -> int:
        """All together, where XLA runs on a GPU."""
        return self.weights + self.optimizer + self.fused_activations


def memory_of(
    training: Training,
    stages: Sequence[StageCost],
    *,
    float_bytes: int = FLOAT_BYTES,
    accumulates: bool = False,
    devices: int = 1,
    model_parallel: int = 1,
) -> Held:
    """What each of some devices holds.

    Args:
        training: What takes part.
        stages: What its stages cost.
        float_bytes: Bytes of an activation.
        accumulates: Whether the gradients of several steps are averaged.
        devices: How many share out the rows of a batch, and divide a model.
        model_parallel: How many of them divide each layer of a model, and compute the same rows.
    """
    trained = max(stage.held(model_parallel) for stage in stages)
    parameters = parameters_of(training, [cost.stage for cost in stages])
    rows = math.ceil(training.batch_size * model_parallel / devices)

    def held(again: bool, fused: bool = False) -> int:
        return _activations(training, stages, rows, float_bytes, again, model_parallel, fused)

    own, taught = (
        0 if network is None else count_elsewhere(network.size, model_parallel)
        for network in (training.network, training.teacher)
    )
    return Held(
        weights=FLOAT_BYTES * (sum(parameters.values()) - own - taught),
        optimizer=(3 + accumulates) * FLOAT_BYTES * trained,
        kept_activations=held(again=False),
        repeated_activations=held(again=True),
        repeats_blocks=training.repeats_blocks,
        fused_activations=held(training.repeats_blocks, fused=True),
    )


def _activations(
    training: Training,
    stages: Sequence[StageCost],
    batch: int,
    float_bytes: int,
    rematerialize: bool,
    model_parallel: int,
    fused: bool,
) -> int:
    """What grows with the rows: of the network, of the teacher, and of the projections between them."""
    length = training.length
    network, teacher, predictions = training.network, training.teacher, training.predictions
    size, vocab_size = network.size, network.vocab_size

    def own(batch: int) -> int:
        return training_bytes(
            size, vocab_size, batch, length, predictions, float_bytes,
            rematerialize=rematerialize, model_parallel=model_parallel, fused=fused,
        )  # fmt: skip

    held = own(batch) - own(0)
    if teacher is None:
        return held
    compares_outputs = any(one.teacher_place is None for cost in stages for one in cost.stage.compare)
    compared = predictions if compares_outputs else 0
    held += comparing_bytes(teacher.size, vocab_size, batch, length, compared)
    held -= comparing_bytes(teacher.size, vocab_size, 0, length, compared)
    places = projections_of(training, [one for cost in stages for one in cost.stage.compare])
    return held + projecting_bytes(teacher.size.hidden_dim, size.hidden_dim, 0, len(places), batch, length)
