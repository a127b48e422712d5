"""What the training of a task model costs: its batches differ in length, and are known beforehand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mbert_cli.cost.disk import training_disk_bytes
from mbert_cli.cost.estimate import Estimate
from mbert_cli.cost.products import Network
from mbert_cli.cost.speed import speed_of_machines
from mbert_cli.cost.training import Training
from mbert_cli.distill.strategies.task import ANSWERS, SOFT_TARGETS
from mbert_cli.distill.widths import Sharing
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.model.options import Architecture
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe, TaskDistillRecipe
from mbert_cli.search.grid import SearchPlan
from mbert_cli.sessions.plan import Planned, count_validation
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.searching import of_trial
from mbert_cli.tasks.training import Material, batches_of, stage_of
from mbert_cli.train.stage import Stage


def plan_task_training(
    invocation: Invocation[Any],
    recipe: FinetuneRecipe | TaskDistillRecipe,
    material: Material,
    plan: Sequence[Stage],
    role: str,
    teacher: Architecture | None = None,
    sharing: Sharing = "embeddings_and_layers",
    recorded: frozenset[str] = frozenset(),
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
        recorded: Names of the stages for which the teacher runs once over the rows.
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
        repeats_blocks=train.rematerialize,
        validation_batches=count_validation(plan, batches.steps_per_epoch, held_out.steps_in_order),
        recorded=recorded,
        recorded_rows=len(material.train.rows.trained) if recorded else 0,
    )
    return Planned(
        invocation,
        plan,
        training,
        train,
        recipe.plan,
        recipe.hosts.model_parallel,
    )


def price_search(
    invocation: Invocation[FinetuneRecipe], recipe: FinetuneRecipe, material: Material, search: SearchPlan
) -> Estimate:
    """What all trials of a search cost where none is given up; memory is that of the largest batch.

    Args:
        invocation: The command.
        recipe: Its recipe.
        material: What is learned from.
        search: Settings and seeds.
    """
    seeds, planned = len(search.seeds), {}
    for setting in search.settings:
        trial = of_trial(recipe, setting, recipe.seed)
        stage = replace(stage_of(trial, material), name=setting.trial(recipe.seed))
        planned[setting] = plan_task_training(invocation, trial, material, [stage], "task_model")
    costs = [cost for one in planned.values() for cost in one.stages]
    stages = [replace(cost, stage=replace(cost.stage, steps=seeds * cost.stage.steps)) for cost in costs]
    largest = max(planned.values(), key=lambda one: one.training.batch_size)
    estimate, speed = largest.estimate(), speed_of_machines(recipe.plan)
    batches = {
        name: seeds * count
        for one in planned.values()
        for name, count in one.training.validation_batches.items()
    }
    # each trial leaves its model, and the best one is there once more
    disk = training_disk_bytes(largest.training, largest.plan, largest.options, search.num_trials + 1)
    return replace(
        estimate,
        training=replace(largest.training, validation_batches=batches),
        stages=stages,
        disk_bytes=disk,
        speeds={} if speed is None else {cost.stage.name: speed for cost in stages},
    )


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
