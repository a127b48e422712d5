"""What MobileBERT's three strategies share: schedules of layer transfer, and pre-training distillation.

All take the same number of steps in total, `transfer_steps + pretraining_steps`, so that they can be compared.
Source: Sun et al., "MobileBERT", ACL 2020, section 3.4 (PKT, JKT and AKT in the paper).
"""

from mbert_cli.distill.options import JointOptions, LayerTransferOptions, ProgressiveOptions
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import RATE_KEY, Comparison, Schedule, Stage, make_schedule

OUTPUTS_COMPARED = Comparison(teacher_place=None, student_place=None, losses=("pretraining_distillation",))


def compare_outputs(options: LayerTransferOptions) -> tuple[Comparison, ...]:
    """Returns what is compared of what the networks return: nothing where words are learned from the text alone."""
    return (OUTPUTS_COMPARED,) if options.ground_truth_ratio < 1 else ()


def pretraining_weights(options: LayerTransferOptions) -> dict[str, float]:
    """Returns the factors of the losses of what the networks return.

    The next sentence is always learned from the text alone.
    """
    words = "pretraining_distillation" if compare_outputs(options) else "masked_language_model"
    return {words: 1.0, "next_sentence": 1.0}


def transfer_schedule(
    options: ProgressiveOptions | JointOptions, optimizer: OptimizerOptions, steps: int, warmup_rate: float
) -> Schedule:
    """Returns a warm-up and then a constant rate: the stages that follow continue from where a layer stands."""
    peak = options.transfer_learning_rate or optimizer.learning_rate
    changes = {"learning_rate": peak, "warmup_rate": warmup_rate, "final_rate": 1.0}
    return make_schedule(optimizer.model_copy(update=changes), steps)


def transfer_rate_key(options: ProgressiveOptions | JointOptions) -> str:
    """Returns the key of a recipe that the rate of layer transfer comes from."""
    return RATE_KEY if options.transfer_learning_rate is None else "distill.transfer_learning_rate"


def pretraining_stage(options: LayerTransferOptions, optimizer: OptimizerOptions) -> Stage:
    """Returns the stage of pre-training distillation that follows layer transfer."""
    return Stage(
        name="pre-training distillation",
        steps=options.pretraining_steps,
        loss_weights=pretraining_weights(options),
        schedule=make_schedule(optimizer, options.pretraining_steps),
        compare=compare_outputs(options),
    )
