"""What the training of a task model costs: its batches differ in length, and are known beforehand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training, parameters_of
from mbert_cli.distill.strategies.task import ANSWERS, SOFT_TARGETS
from mbert_cli.distill.widths import Sharing
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.model.options import Architecture
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe, TaskDistillRecipe
from mbert_cli.sessions.plan import Planned, count_validation
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.training import Material, batches_of
from mbert_cli.train.stage import Stage


def plan_task_training(
    invocation: Invocation[Any],
    recipe: FinetuneRecipe | TaskDistillRecipe,
    material: Material,
    plan: Sequence[Stage],
    role: str,
    teacher: Architecture | None = None,
    sharing: Sharing = "embeddings_and_layers",
) -> Planned:
    """The plan of a training on a task.

    Args:
        invocation: The command.
        recipe: Its recipe, or that of a trial.
        material: What is learned from.
        plan: The stages, in order.
        role: What trains.
        teacher: Whose layers or answers are compared, if any.
        sharing: Which places have a projection in common.
    """
    description, train = material.description, recipe.train
    plan = [_with_answers(stage) for stage in plan]
    is_taught = any(stage.compare for stage in plan)
    batches = batches_of(train, recipe.seed, material.train)
    held_out = batches_of(train, recipe.seed, material.held_out)

    def network(size: Architecture) -> Network:
        outputs = len(description.output_names or ())
        head = kind_of(description.kind).head
        return Network(size, description.vocabulary.size, task_head=head, num_outputs=outputs)

    training = Training(
        role,
        network(description.size),
        train.batch_size,
        _shares(batches),
        teacher=network(teacher) if teacher and is_taught else None,
        sharing=sharing,
        validation_batches=count_validation(plan, batches.steps_per_epoch, held_out.steps_in_order),
    )
    return Planned(invocation, plan, training, parameters_of(training, plan), train, recipe.plan)


def _with_answers(stage: Stage) -> Stage:
    """The stage with the comparison of answers that a loss alone speaks of where rounded numbers are learned."""
    return (
        replace(stage, compare=(ANSWERS,))
        if SOFT_TARGETS in stage.loss_weights and not stage.compare
        else stage
    )


def _shares(batches: TaskBatches) -> dict[int, float]:
    """Share of the batches of an epoch by their length in tokens."""
    lengths = batches.lengths()
    return {length: lengths.count(length) / len(lengths) for length in sorted(set(lengths))}
