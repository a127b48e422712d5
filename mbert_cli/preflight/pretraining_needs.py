"""What `train-teacher` and `distill` are both ready with: a network, stages and a token store."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from mbert_cli.model.cost import (
    FLOAT_BYTES,
    USUAL_VOCABULARY,
    count_elsewhere,
    count_head_parameters,
    count_parameters,
    training_bytes,
)
from mbert_cli.model.options import Architecture
from mbert_cli.preflight.hosts import look_at_division
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.machine import float_bytes, look_at_extras, look_at_memory, look_at_training_disk
from mbert_cli.preflight.token_store import Store
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.train.stage import Stage

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


def look_at_pretraining(
    inspection: Inspection,
    run: Path,
    recipe: TrainTeacherRecipe | DistillRecipe,
    size: Architecture,
    vocabulary: Vocabulary | None,
    *,
    predicts: bool = True,
    beside: Callable[[int], int] | None = None,
    teacher: Architecture | None = None,
) -> None:
    """Looks at disk, memory and extras of a training on a token store.

    Args:
        inspection: Receives what is found.
        run: Where it is written.
        recipe: What trains.
        size: The architecture that trains.
        vocabulary: That of the store, where it is known.
        predicts: Whether the network has the heads of pre-training.
        beside: Tokens of the vocabulary -> bytes of what a step holds beside that network, if anything.
        teacher: The architecture that it learns from, where there is one and it is known.
    """
    data, options = recipe.data, recipe.train
    vocab_size = vocabulary.size if vocabulary else USUAL_VOCABULARY
    parameters = count_parameters(size, vocab_size)
    if predicts:
        parameters += count_head_parameters(size, vocab_size)
    look_at_training_disk(inspection, run, parameters, options)
    rows, predictions = (options.batch_size, data.sequence_length), data.max_predictions if predicts else 0
    division = recipe.hosts.model_parallel
    look_at_division(
        inspection, division, {"the network": size} | ({"the teacher": teacher} if teacher else {})
    )
    needed = training_bytes(
        size, vocab_size, *rows, predictions, float_bytes(options),
        rematerialize=options.rematerialize, accumulates=options.accumulates, model_parallel=division,
    )  # fmt: skip
    if beside:
        needed += beside(vocab_size)
    if teacher:
        needed -= FLOAT_BYTES * count_elsewhere(teacher, division)
    look_at_memory(inspection, needed, *rows)
    look_at_extras(inspection, options)
