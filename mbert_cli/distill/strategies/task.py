"""The strategy `task`: layers of a fine-tuned teacher first, on the examples of its task, then what it answers.

Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, sections 3.1 and 3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.distill.options import TaskOptions
from mbert_cli.distill.strategies.layers import compare_all, transfer_weights
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.task_head import TaskHead
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import RATE_KEY, Comparison, Stage, make_schedule

SOFT_TARGETS = "soft_targets"
"""Name of the loss that compares answers, whatever their kind, in logs and among the factors of a stage."""

ANSWERS = Comparison(teacher_place=None, student_place=None, losses=(SOFT_TARGETS,))
"""What the networks return."""


@dataclass(frozen=True)
class TaskStudent:
    """What the stages depend on beside the options.

    Attributes:
        places: The teacher's place for each place of the student.
        hard_loss: Name of the loss that compares the student with the labels.
        outer_layers: Names of the layers with weights between the encoder and the outputs.
    """

    places: Sequence[int]
    hard_loss: str
    outer_layers: tuple[str, ...]


def outer_layers(size: Architecture, head: TaskHead) -> tuple[str, ...]:
    """Names of the layers with weights between an encoder and the outputs of a head."""
    return ("pooler", head.name) if head.is_pooled and size.use_pooler else (head.name,)


def task_stages(
    options: TaskOptions,
    student: TaskStudent,
    optimizer: OptimizerOptions,
    *,
    intermediate_steps: int,
    prediction_steps: int,
) -> list[Stage]:
    """Returns a stage that compares layers, unless it has no steps, and one that compares answers.

    The first one keeps its rate after the rise. It teaches the head nothing, so that it is not scored.

    Args:
        options: The strategy's.
        student: What learns.
        optimizer: Of the recipe.
        intermediate_steps: Steps of the first stage.
        prediction_steps: Steps of the second.
    """
    answers = _answers(options, student, optimizer, prediction_steps)
    return (
        [_layers(options, student, optimizer, intermediate_steps), answers]
        if intermediate_steps
        else [answers]
    )


def require_losses(options: TaskOptions) -> None:
    """Checks that there is a loss to compare layers by, if they are compared.

    Raises:
        UserError: All have the factor 0.
    """
    if options.intermediate_epochs and not transfer_weights(options):
        raise UserError(
            "The stage that compares layers needs a loss with a factor above 0. "
            "Received: distill.factors with nothing but 0",
            "--set distill.intermediate_epochs=0 leaves the stage out.",
        )


def _layers(options: TaskOptions, student: TaskStudent, optimizer: OptimizerOptions, steps: int) -> Stage:
    rate = options.intermediate_learning_rate or optimizer.learning_rate
    constant = optimizer.model_copy(update={"learning_rate": rate, "final_rate": 1.0})
    return Stage(
        name="transfer all layers",
        steps=steps,
        loss_weights=transfer_weights(options),
        schedule=make_schedule(constant, steps),
        layer_scale=_scale(options, student),
        compare=compare_all(options, student.places),
        is_scored=False,
        rate_key=RATE_KEY
        if options.intermediate_learning_rate is None
        else "distill.intermediate_learning_rate",
    )


def _answers(options: TaskOptions, student: TaskStudent, optimizer: OptimizerOptions, steps: int) -> Stage:
    ratio = options.ground_truth_ratio
    weights = {SOFT_TARGETS: 1.0 - ratio, student.hard_loss: ratio}
    scale = _scale(options, student) | dict.fromkeys(student.outer_layers, 1.0)
    return Stage(
        name="the teacher's answers",
        steps=steps,
        loss_weights={name: weight for name, weight in weights.items() if weight},
        schedule=make_schedule(optimizer, steps),
        layer_scale=None if options.embeddings_scale == 1 else scale,
        compare=(ANSWERS,) if ratio < 1 else (),
    )


def _scale(options: TaskOptions, student: TaskStudent) -> dict[str, float]:
    """Learning rates of the encoder's layers, as shares of the stage's."""
    layers = {layer_name(layer): 1.0 for layer in range(len(student.places) - 1)}
    return {"embeddings": options.embeddings_scale} | layers
