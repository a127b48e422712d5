"""What a training will do and what it costs, known before anything is built; also for what is not there yet."""

from collections.abc import Sequence
from typing import Any

from mbert_cli import console
from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training
from mbert_cli.distill.layer_map import describe_places, map_places
from mbert_cli.distill.options import ComparisonOptions
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.errors import UserError
from mbert_cli.model.cost import USUAL_VOCABULARY
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.preflight import distill, train_teacher
from mbert_cli.preflight.pretraining_needs import PretrainingReady
from mbert_cli.preflight.token_store import Store
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.listing import newest_complete
from mbert_cli.sessions.plan import Planned, count_validation
from mbert_cli.tasks.pair_segments import say_single_segment
from mbert_cli.train.stage import Stage

HEADS = ("masked_language_model", "next_sentence")
"""The heads of pre-training."""


def plan_pretraining(ready: PretrainingReady[Any], store: Store) -> Planned:
    """The plan of a training on a token store.

    Args:
        ready: What was found.
        store: The store, or what will make it.
    """
    recipe, teacher = ready.recipe, None
    vocab_size = _vocab_size(store)
    if isinstance(ready, distill.Ready):
        heads = tuple(name for name in HEADS if name in ready.teacher.heads) if ready.teacher_predicts else ()
        teacher = Network(ready.teacher.description.size, ready.teacher.description.vocabulary.size, heads)
    return _planned(ready.invocation, recipe, ready.size, ready.plan, vocab_size, teacher)


def _vocab_size(store: Store) -> int:
    """Tokens of the vocabulary; what is asked for, said to be so, where it will be trained first."""
    if store.vocabulary is not None:
        return store.vocabulary.size
    wanted = store.recipe.vocabulary.size
    console.info(f"Planned with a vocabulary of {wanted:,} tokens, which is trained first (vocabulary.size)")
    return wanted


def say_transfer(ready: distill.Ready) -> None:
    """Says which layers and heads learn from which, and what both networks do with pairs."""
    for size in (ready.size, ready.teacher.description.size):
        say_single_segment(size, has_pairs=True)
    if isinstance(ready.recipe.distill, ComparisonOptions):
        console.info(f"Layers: {describe_places(ready.places)}. Heads: {ready.heads}")


def imagine(invocation: Invocation[Any]) -> Planned | None:
    """The plan of a dry run for machines elsewhere, where a teacher or a token store need not be there yet.

    Args:
        invocation: The command.

    Returns:
        None where everything is to be looked at as ever.
    """
    recipe = invocation.recipe
    if (
        not invocation.dry_run
        or invocation.probe
        or not isinstance(recipe, TrainTeacherRecipe | DistillRecipe)
    ):
        return None
    if recipe.plan.devices is None or recipe.data.run is not None:
        return None
    size = recipe.model.resolve()
    if isinstance(recipe, TrainTeacherRecipe):
        if newest_complete(invocation.root, ("prepare",)) is not None:
            return None
        _say_imagined("a token store")
        return _planned(invocation, recipe, size, train_teacher.plan_of(recipe), USUAL_VOCABULARY)
    if recipe.teacher is not None or recipe.plan.teacher is None:
        return None
    if recipe.plan.teacher not in SIZES:
        raise UserError(
            f"plan.teacher names a size: {', '.join(SIZES)}. Received: {recipe.plan.teacher}",
            "A run is named with --teacher DIR; `mbert recipe explain model.size` shows the sizes.",
        )
    _say_imagined(f"a token store, and a teacher of the size {recipe.plan.teacher} (plan.teacher)")
    return _imagine_distillation(invocation, recipe, size, SIZES[recipe.plan.teacher])


def _imagine_distillation(
    invocation: Invocation[Any], recipe: DistillRecipe, size: Architecture, teacher: Architecture
) -> Planned:
    plan = distill.plan_for(recipe, teacher, map_places(teacher, size, recipe.distill))
    own = set(STRATEGIES[recipe.distill.strategy].heads) & set(recipe.distill.warm_start)
    heads = HEADS if own or distill.compares_predictions(plan) else ()
    taught_by = Network(teacher, USUAL_VOCABULARY, heads)
    return _planned(invocation, recipe, size, plan, USUAL_VOCABULARY, taught_by)


def _say_imagined(what: str) -> None:
    console.info(f"Planned without looking for {what}, with a vocabulary of {USUAL_VOCABULARY:,} tokens")


def _planned(
    invocation: Invocation[Any],
    recipe: TrainTeacherRecipe | DistillRecipe,
    size: Architecture,
    plan: Sequence[Stage],
    vocab_size: int,
    teacher: Network | None = None,
) -> Planned:
    distilled = recipe if isinstance(recipe, DistillRecipe) else None
    heads = STRATEGIES[distilled.distill.strategy].heads if distilled else HEADS
    training = Training(
        "student" if distilled else "teacher",
        Network(size, vocab_size, heads),
        recipe.train.batch_size,
        {recipe.data.sequence_length: 1.0},
        recipe.data.max_predictions if heads else 0,
        teacher,
        distill.sharing_of(distilled.distill) if distilled else "embeddings_and_layers",
        repeats_blocks=recipe.train.rematerialize,
        validation_batches=count_validation(plan, recipe.train.validate_every, recipe.train.validation_steps),
    )
    return Planned(
        invocation,
        plan,
        training,
        recipe.train,
        recipe.plan,
        recipe.hosts.model_parallel,
    )
