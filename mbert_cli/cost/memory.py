"""What a device holds during a step, by what it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.cost.training import StageCost, Training, parameters_of, projections_of
from mbert_cli.model.cost import FLOAT_BYTES, activation_bytes, count_elsewhere
from mbert_cli.train.stage import Stage

_SCORES = 3
"""Arrays of a vocabulary's scores that the loss of masked words keeps."""
_COMPARED_SCORES = 3
"""Arrays of them that a comparison of predictions keeps too: the teacher's, and both sides' softmax."""


@dataclass(frozen=True)
class DeviceMemory:
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
) -> DeviceMemory:
    """What each of some devices holds.

    Args:
        training: What takes part.
        stages: What its stages cost; without any the whole network trains.
        float_bytes: Bytes of an activation.
        accumulates: Whether the gradients of several steps are averaged.
        devices: How many share out the rows of a batch, and divide a model.
        model_parallel: How many of them divide each layer of a model, and compute the same rows.
    """
    plan = [cost.stage for cost in stages]
    parameters = parameters_of(training, plan)
    own, taught = (
        0 if network is None else count_elsewhere(network.size, model_parallel)
        for network in (training.network, training.teacher)
    )
    trained = max(
        (stage.trained_per_device(model_parallel) for stage in stages),
        default=training.network.parameters - own,
    )
    rows = math.ceil(training.batch_size * model_parallel / devices)
    compared = FLOAT_BYTES * rows * _count_compared(training, plan)

    def activations(again: bool, fused: bool = False) -> int:
        return compared + activation_bytes(
            training.network.size, rows, training.length, float_bytes,
            rematerialize=again, model_parallel=model_parallel, fused=fused,
        )  # fmt: skip

    return DeviceMemory(
        weights=FLOAT_BYTES * (sum(parameters.values()) - own - taught),
        optimizer=(3 + accumulates) * FLOAT_BYTES * trained,
        kept_activations=activations(again=False),
        repeated_activations=activations(again=True),
        repeats_blocks=training.repeats_blocks,
        fused_activations=activations(training.repeats_blocks, fused=True),
    )


def _count_compared(training: Training, plan: Sequence[Stage]) -> int:
    """Numbers that the losses keep of an example: scores, what a teacher returns, and both sides of projections."""
    scores = training.predictions * training.network.vocab_size
    own = _SCORES * scores
    if training.teacher is None:
        return own
    teacher, length = training.teacher.size, training.length
    compare = [one for stage in plan for one in stage.compare]
    compares_outputs = any(one.teacher_place is None for one in compare)
    states = (teacher.num_layers + 1) * length * teacher.hidden_dim
    attention = teacher.num_layers * teacher.num_heads * length * length
    projected = 2 * len(projections_of(training, compare)) * length * teacher.hidden_dim
    return own + states + attention + projected + compares_outputs * _COMPARED_SCORES * scores
