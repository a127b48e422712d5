"""What `train-teacher` and `distill` are both ready with: a network, stages and a token store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.distill.widths import sharing_of
from mbert_cli.model.options import Architecture
from mbert_cli.preflight.hosts import look_at_division
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.machine import look_at_extras, look_at_training
from mbert_cli.preflight.token_store import Store
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.train.stage import Stage

HEADS = ("masked_language_model", "next_sentence")
"""The heads of pre-training."""

PretrainingRecipe = TypeVar("PretrainingRecipe", TrainTeacherRecipe, DistillRecipe)


@dataclass(frozen=True)
class PretrainingReady(Generic[PretrainingRecipe]):
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe, with the runs that it works on written down.
        size: The architecture that trains.
        plan: The stages, in order.
        store: The token store, or what is ready to make it first.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[PretrainingRecipe]
    recipe: PretrainingRecipe
    size: Architecture
    plan: tuple[Stage, ...]
    store: Store
    contents: Contents | None


def training_of(
    recipe: TrainTeacherRecipe | DistillRecipe,
    size: Architecture,
    vocab_size: int,
    teacher: Network | None = None,
) -> Training:
    """What takes part in a training on a token store, as far as its cost depends on it.

    Args:
        recipe: What trains.
        size: The architecture that trains.
        vocab_size: Tokens of the vocabulary.
        teacher: The network that it learns from, if there is one.
    """
    transfer = recipe.distill if isinstance(recipe, DistillRecipe) else None
    heads = STRATEGIES[transfer.strategy].heads if transfer else HEADS
    return Training(
        "student" if transfer else "teacher",
        Network(size, vocab_size, heads),
        recipe.train.batch_size,
        {recipe.data.sequence_length: 1.0},
        recipe.data.max_predictions if heads else 0,
        teacher,
        sharing_of(transfer) if transfer else "embeddings_and_layers",
        repeats_blocks=recipe.train.rematerialize,
    )


def look_at_pretraining(
    inspection: Inspection,
    run: Path,
    recipe: TrainTeacherRecipe | DistillRecipe,
    training: Training,
    plan: Sequence[Stage],
) -> None:
    """Looks at disk, memory and extras of a training on a token store.

    Args:
        inspection: Receives what is found.
        run: Where it is written.
        recipe: What trains.
        training: What takes part.
        plan: The stages; empty where they were refused.
    """
    division, teacher = recipe.hosts.model_parallel, training.teacher
    networks = {"the network": training.network.size} | ({"the teacher": teacher.size} if teacher else {})
    look_at_division(inspection, division, networks)
    look_at_training(inspection, run, training, plan, recipe.train, model_parallel=division)
    look_at_extras(inspection, recipe.train)
