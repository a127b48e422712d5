"""What `mbert finetune` needs: a run to start from, a task that can be read, and room to train."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mbert_cli import console
from mbert_cli.cost.training import Training
from mbert_cli.errors import UserError
from mbert_cli.examples.texts import TaskData
from mbert_cli.figures import counted
from mbert_cli.model.options import Architecture
from mbert_cli.page import PRINTED
from mbert_cli.preflight.cluster import look_at_cluster
from mbert_cli.preflight.hosts import look_at_division
from mbert_cli.preflight.inputs import look_at_length, look_at_model, with_found
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.preflight.machine import look_at_extras, look_at_training
from mbert_cli.preflight.quantization import look_at_quantization
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.task import largest_batch, look_at_task, network_for
from mbert_cli.recipe.contents import input_files
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe, TaskDistillRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.lineage import FINE_TUNED, PRETRAINED, TASK_MODELS
from mbert_cli.runs.listing import run_kind
from mbert_cli.search.grid import plan_search
from mbert_cli.tasks.label_order import match_answers
from mbert_cli.tasks.learning_rate import rate_for
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import RunModel

TaskRecipe = TypeVar("TaskRecipe", FinetuneRecipe, TaskDistillRecipe)


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe, with the run that it starts from and the learning rate written down.
        source: The run that it starts from.
        inputs: That run under the key which names it.
        task: The task; None where it does not come from files, and is read by the command.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[FinetuneRecipe]
    recipe: FinetuneRecipe
    source: RunModel
    inputs: Mapping[str, Run]
    task: TaskData | None
    contents: Contents | None


def resolve(invocation: Invocation[FinetuneRecipe], inspection: Inspection) -> Ready:
    """Looks at source, task, run, length and machine."""
    _refuse_delivery(invocation)
    _refuse_probe_of_search(invocation)
    recipe = invocation.recipe
    key, named, verbs = origin_of(recipe)
    source = look_at_model(inspection, invocation, named, key, verbs)
    length = recipe.task.sequence_length
    look_at_length(inspection, "sequence length", length, lambda: source.value.description.size)
    look_at_quantization(inspection, recipe, lambda: source.value.description.size)
    task = look_at_task(inspection, recipe.task, recipe.loss)
    inputs = {key: source.found.run} if source.found else {}
    recipe = with_found(recipe, inputs)
    contents: Looked[Contents | None] = Looked(None)
    if source.found:
        recipe = with_learning_rate(recipe, source.found.description.size)
        contents = look_at_run(inspection, invocation, recipe, inputs)
        _look_at_machine(inspection, invocation.directory, recipe, source.found.description, task.found)
    look_at_extras(inspection, recipe.train)
    if recipe.search is not None:
        look_at_cluster(inspection, invocation, recipe.cluster, input_files(recipe))
    return Ready(invocation, recipe, source.value, inputs, task.value, contents.value)


def _refuse_delivery(invocation: Invocation[FinetuneRecipe]) -> None:
    """A fine-tuning without a search has no table that could go elsewhere."""
    if invocation.recipe.search is None and invocation.delivery != PRINTED:
        raise UserError(
            "--format and --out are for the table of a search. Received: a recipe without one",
            "Leave them out; `mbert runs RUN` takes them, for every run.",
        )


def _refuse_probe_of_search(invocation: Invocation[FinetuneRecipe]) -> None:
    """A probe times one training."""
    if invocation.probe and invocation.recipe.search is not None:
        raise UserError(
            "--probe times the steps of one training. Received: a recipe with a search",
            "--set search=null --probe times one of its trials; --dry-run counts the arithmetic of all of them.",
        )


def origin_of(recipe: FinetuneRecipe) -> tuple[str, str | None, tuple[str, ...]]:
    """Where a fine-tuning starts, for `find_run`: the key, its value, and the kinds of runs that serve.

    Raises:
        UserError: The source was fine-tuned already.
    """
    if recipe.initialize_from:
        return "initialize_from", recipe.initialize_from, TASK_MODELS
    if recipe.source and run_kind(Path(recipe.source)) in FINE_TUNED:
        raise UserError(
            f"source must be a run before any fine-tuning. Received: {recipe.source}, which has learned a task",
            f"To go on from it, --set initialize_from={shlex.quote(recipe.source)} in place of --source.",
        )
    return "source", recipe.source, PRETRAINED


def with_learning_rate(recipe: TaskRecipe, size: Architecture) -> TaskRecipe:
    """Gives the recipe a rate that suits the source where it leaves the rate open; says so if no search has others."""
    optimizer = recipe.train.optimizer
    if optimizer.learning_rate is not None:
        return recipe
    rate = rate_for(size)
    search = getattr(recipe, "search", None)  # a distillation has none
    if search is None or search.learning_rate is None:
        console.info(
            f"train.optimizer.learning_rate: {rate:g}, which suits an encoder of "
            f"{counted(size.num_layers, 'layer')}, {size.hidden_dim} wide"
        )
    optimizer = optimizer.model_copy(update={"learning_rate": rate})
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"optimizer": optimizer})})


def _look_at_machine(
    inspection: Inspection, run: Path, recipe: FinetuneRecipe, source: ModelDescription, task: TaskData | None
) -> None:
    """Disk and memory of a fine-tuning, for the largest batch of a search and the longest text that is known."""
    options = recipe.train
    batch_size = max(
        recipe.search.batch_size or [options.batch_size] if recipe.search else [options.batch_size]
    )
    rows, length = largest_batch(task, batch_size, recipe.task.sequence_length, options.dynamic_length)
    network = network_for(task, source.size, source.vocabulary.size)
    training = Training(
        "task_model",
        network,
        rows,
        {length: 1.0},
        teacher=network if _learns_from_source(recipe, source, task) else None,
        repeats_blocks=options.rematerialize,
    )
    division = recipe.hosts.model_parallel
    look_at_division(inspection, division, {"the source": source.size})
    look_at_training(
        inspection,
        run,
        training,
        (),
        options,
        model_parallel=division,
        models=_count_models(recipe),
        at_once=recipe.cluster.workers if recipe.search and recipe.cluster.address is None else 1,
    )


def _learns_from_source(recipe: FinetuneRecipe, source: ModelDescription, task: TaskData | None) -> bool:
    """Whether rounded numbers are learned from the answers of the float model that the run starts from."""
    options = recipe.quantize
    if options is None or not options.teacher or options.ground_truth_ratio == 1 or not source.output_names:
        return False
    return task is None or match_answers(task.output_names, task.kind, source) is not None


def _count_models(recipe: FinetuneRecipe) -> int:
    """Models that a fine-tuning leaves behind: one, or those of all trials and the chosen one once more."""
    if recipe.search is None:
        return 1
    return plan_search(recipe.search, recipe.train, recipe.seed).num_trials + 1
