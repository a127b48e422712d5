"""What `mbert train-teacher` needs: a token store whose examples fit the network, and room to train it."""

from mbert_cli.preflight.inputs import look_at_length, with_found
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.pretraining_needs import PretrainingReady, look_at_pretraining, training_of
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.token_store import KEY, StoreRun, look_at_store, vocab_size_of
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import TrainTeacherRecipe
from mbert_cli.train.stage import Stage, make_schedule

LOSS_WEIGHTS = {"masked_language_model": 1.0, "next_sentence": 1.0}

Ready = PretrainingReady[TrainTeacherRecipe]


def resolve(invocation: Invocation[TrainTeacherRecipe], inspection: Inspection) -> Ready:
    """Looks at token store, run, length and machine."""
    recipe, size = invocation.recipe, invocation.recipe.model.resolve()
    store = look_at_store(inspection, invocation, recipe.data)
    inputs = {KEY: store.found.run} if isinstance(store.found, StoreRun) else {}
    recipe = with_found(recipe, inputs)
    contents = look_at_run(inspection, invocation, recipe, inputs, plan_of)
    look_at_length(
        inspection, "sequence length", recipe.data.sequence_length, lambda: size, "data.sequence_length"
    )
    plan, training = plan_of(recipe), training_of(recipe, size, vocab_size_of(store.found))
    look_at_pretraining(inspection, invocation.directory, recipe, training, plan)
    return PretrainingReady(invocation, recipe, size, plan, store.value, contents.value)


def plan_of(recipe: TrainTeacherRecipe) -> tuple[Stage, ...]:
    """One stage of pre-training."""
    steps = recipe.train.steps
    schedule = make_schedule(recipe.train.optimizer, steps)
    return (Stage(name="pre-training", steps=steps, loss_weights=LOSS_WEIGHTS, schedule=schedule),)
