"""What a training will do and what it costs, known before anything is built; also for what is not there yet."""

from collections.abc import Sequence
from dataclasses import replace
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
from mbert_cli.preflight.pretraining_needs import HEADS, PretrainingReady, training_of
from mbert_cli.preflight.token_store import Store, vocab_size_of
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.listing import newest_complete
from mbert_cli.sessions.plan import Planned, count_validation
from mbert_cli.tasks.pair_segments import say_single_segment
from mbert_cli.train.stage import Stage


def plan_pretraining(ready: PretrainingReady[Any], store: Store) -> Planned:
    """The plan of a training on a token store.

    Args:
        ready: What was found.
        store: The store, or what will make it.
    """
    teacher = None
    if isinstance(ready, distill.Ready):
        teacher = distill.network_of(ready.teacher, predicts=ready.teacher_predicts)
    training = training_of(ready.recipe, ready.size, _vocab_size(store), teacher)
    return _planned(ready.invocation, ready.recipe, training, ready.plan)


def _vocab_size(store: Store) -> int:
    """Tokens of the vocabulary, said to be those asked for where it will be trained first."""
    size = vocab_size_of(store)
    if store.vocabulary is None:
        console.info(
            f"Planned with a vocabulary of {size:,} tokens, which is trained first (vocabulary.size)"
        )
    return size


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
        training = training_of(recipe, size, USUAL_VOCABULARY)
        return _planned(invocation, recipe, training, train_teacher.plan_of(recipe))
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
    return _planned(invocation, recipe, training_of(recipe, size, USUAL_VOCABULARY, taught_by), plan)


def _say_imagined(what: str) -> None:
    console.info(f"Planned without looking for {what}, with a vocabulary of {USUAL_VOCABULARY:,} tokens")


def _planned(
    invocation: Invocation[Any],
    recipe: TrainTeacherRecipe | DistillRecipe,
    training: Training,
    plan: Sequence[Stage],
) -> Planned:
    batches = count_validation(plan, recipe.train.validate_every, recipe.train.validation_steps)
    return Planned(
        invocation,
        plan,
        replace(training, validation_batches=batches),
        recipe.train,
        recipe.plan,
        recipe.hosts.model_parallel,
    )
