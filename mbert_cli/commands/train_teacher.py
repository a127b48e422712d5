"""`mbert train-teacher`: token store -> IB-BERT."""

from typing import Any

from mbert_cli.backend import use_streams
from mbert_cli.commands.prepare import prepared
from mbert_cli.corpus.pretraining_batches import PretrainingBatches
from mbert_cli.losses.loss import measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.preflight.inputs import with_input
from mbert_cli.preflight.planning import plan_pretraining
from mbert_cli.preflight.token_store import KEY
from mbert_cli.preflight.train_teacher import Ready, plan_of
from mbert_cli.recipe.contents import input_contents
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.pretraining_run import pretrain
from mbert_cli.sessions.probing import on_all_devices, probe
from mbert_cli.text.batch import Batch
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_network import dtype_policy


def run(ready: Ready) -> None:
    """Trains a teacher by masked language modelling and next-sentence prediction."""
    use_streams()
    store_run = prepared(ready.store, ready.invocation.hosts)
    recipe, store = with_input(ready.recipe, KEY, store_run.run), store_run.store
    network = build_pretraining_network(
        ready.size,
        vocab_size=store.vocabulary.size,
        seed=recipe.seed,
        dtype=dtype_policy(recipe.train.precision),
    )
    planned = on_all_devices(plan_pretraining(ready, store_run))

    def losses(batch: Batch, training: bool) -> dict[str, Any]:
        return measure(PRETRAINING_LOSSES, network(inputs_of(network, batch), training=training), batch)

    def build(stage: Stage) -> Objective:
        return Objective(network, losses, stage.loss_weights, PRETRAINING_LOSSES)

    if ready.invocation.probe:
        batches = PretrainingBatches(store, recipe.data, recipe.train.batch_size, recipe.seed)
        show_plan(planned, probe(planned, build, batches))
        return
    show_plan(planned)
    contents = ready.contents or input_contents(recipe, opened={KEY: store_run.run})
    pretrain(ready.invocation, recipe, ready.size, store, network, plan_of, build, contents)
