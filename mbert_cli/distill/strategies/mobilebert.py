"""What MobileBERT's three strategies share: the layers that they compare, and pre-training distillation.

All take the same number of steps in total, `transfer_steps + pretraining_steps`, so that they can be compared.
Source: Sun et al., "MobileBERT", ACL 2020, section 3.4 (PKT, JKT and AKT in the paper).
"""

from collections.abc import Sequence

from mbert_cli.distill.options import (
    ComparisonOptions,
    JointOptions,
    LayerTransferOptions,
    ProgressiveOptions,
)
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Comparison, Schedule, Stage, make_schedule

PRETRAINING_WEIGHTS = {"pretraining_distillation": 1.0, "next_sentence": 1.0}
"""Factors of the losses of what the networks return; next-sentence prediction is learned from the text alone."""

OUTPUTS_COMPARED = Comparison(teacher_place=None, student_place=None, losses=("pretraining_distillation",))


def transfer_weights(options: ComparisonOptions) -> dict[str, float]:
    """Returns the factor of each loss of layer transfer; those with a factor of 0 are left out."""
    return {name: factor for name, factor in options.factors.model_dump().items() if factor}


def compare_layers(
    options: ComparisonOptions, places: Sequence[int], layers: Sequence[int]
) -> tuple[Comparison, ...]:
    """Returns what is compared at the outputs of some layers of the student.

    Args:
        options: Their factors say which losses.
        places: The teacher's place for each place of the student.
        layers: Layers of the student, from 0.
    """
    losses = tuple(transfer_weights(options))
    return tuple(Comparison(places[layer + 1], layer + 1, losses) for layer in layers)


def transfer_schedule(
    options: ProgressiveOptions | JointOptions, optimizer: OptimizerOptions, steps: int, warmup_rate: float
) -> Schedule:
    """Returns a warm-up and then a constant rate: the stages that follow continue from where a layer stands."""
    peak = options.transfer_learning_rate or optimizer.learning_rate
    changes = {"learning_rate": peak, "warmup_rate": warmup_rate, "final_rate": 1.0}
    return make_schedule(optimizer.model_copy(update=changes), steps)


def pretraining_stage(options: LayerTransferOptions, optimizer: OptimizerOptions) -> Stage:
    """Returns the stage of pre-training distillation that follows layer transfer."""
    return Stage(
        name="pre-training distillation",
        steps=options.pretraining_steps,
        loss_weights=PRETRAINING_WEIGHTS,
        schedule=make_schedule(optimizer, options.pretraining_steps),
        compare=(OUTPUTS_COMPARED,),
    )
