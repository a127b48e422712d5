"""`mbert train-teacher`: token store -> IB-BERT."""

from mbert_cli.backend import use_streams
from mbert_cli.commands.prepare import find_store
from mbert_cli.corpus.store import TokenStore
from mbert_cli.losses.loss import measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.sequence_length import require_length
from mbert_cli.preflight.inputs import with_input
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import TrainTeacherRecipe
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.pretraining import pretrain
from mbert_cli.sessions.prolonging import say_continuation
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.stage import Stage, make_schedule
from mbert_cli.weights.saved_network import dtype_policy

LOSS_WEIGHTS = {"masked_language_model": 1.0, "next_sentence": 1.0}


def run(invocation: Invocation) -> None:
    """Trains a teacher by masked language modelling and next-sentence prediction."""
    use_streams()
    recipe: TrainTeacherRecipe = invocation.loaded.recipe
    size = recipe.model.resolve()
    require_length(recipe.data.sequence_length, size)
    plan = [_stage(recipe)]
    store_run = find_store(invocation, recipe.data)
    if store_run is None:
        show_plan(invocation, plan, {}, recipe.train)
        return
    recipe = with_input(recipe, "data.run", store_run)
    store = TokenStore(store_run.final)
    network = build_pretraining_network(
        size,
        vocab_size=store.vocabulary.size,
        seed=recipe.seed,
        dtype=dtype_policy(recipe.train.precision),
    )
    show_plan(invocation, plan, {"teacher": network}, recipe.train)
    if invocation.dry_run:
        say_continuation(invocation, recipe, lambda recipe: [_stage(recipe)])
        return

    def losses(batch, training):
        return measure(PRETRAINING_LOSSES, network(inputs_of(network, batch), training=training), batch)

    def build(stage: Stage) -> Objective:
        return Objective(network, losses, stage.loss_weights, PRETRAINING_LOSSES)

    pretrain(invocation, recipe, size, store, network, lambda recipe: [_stage(recipe)], build)


def _stage(recipe: TrainTeacherRecipe) -> Stage:
    steps = recipe.train.steps
    schedule = make_schedule(recipe.train.optimizer, steps)
    return Stage(name="pre-training", steps=steps, loss_weights=LOSS_WEIGHTS, schedule=schedule)
