"""`mbert distill`: teacher -> student, by one of the strategies."""

from collections.abc import Callable, Mapping
from functools import partial

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.commands.prepare import prepared
from mbert_cli.corpus.pretraining_batches import PretrainingBatches
from mbert_cli.distill.layer_map import HeadMatch
from mbert_cli.distill.options import (
    DistilBertOptions,
    DistillOptions,
    GeneralOptions,
    LayerTransferOptions,
)
from mbert_cli.distill.pair import DistillationPair
from mbert_cli.distill.projections import build_projections
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.distill.warm_start import copy_layers, warm_start
from mbert_cli.distill.widths import sharing_of
from mbert_cli.figures import counted
from mbert_cli.losses.loss import Loss
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.losses.transfer import output_losses
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.preflight.distill import Ready, require_teachers_vocabulary
from mbert_cli.preflight.inputs import with_input
from mbert_cli.preflight.planning import plan_pretraining, say_transfer
from mbert_cli.preflight.token_store import KEY
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.schema import DistillRecipe
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.pretraining_run import pretrain
from mbert_cli.sessions.probing import on_all_devices, probe
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_network import dtype_policy, load_teacher


def run(ready: Ready) -> None:
    """Transfers a teacher's knowledge into a student."""
    use_streams()
    say_transfer(ready)
    store_run = prepared(ready.store, ready.invocation.hosts)
    require_teachers_vocabulary(store_run, None, ready.teacher)
    recipe, store = with_input(ready.recipe, KEY, store_run.run), store_run.store
    teacher = load_teacher(
        ready.teacher,
        recipe.train.precision,
        predicts=ready.teacher_predicts,
        returns_projections=ready.heads.relation_heads is not None,
    )
    teacher.trainable = False
    student = _student(ready, recipe, store.vocabulary.size)
    _warm_start(student, teacher, ready, recipe.distill)
    build = partial(_objective, teacher, student, _projections(ready, recipe), ready.heads, recipe)
    planned = on_all_devices(plan_pretraining(ready, store_run))
    masks_text = not isinstance(recipe.distill, GeneralOptions) or recipe.distill.masks_text
    if ready.invocation.probe:
        drawn = store, recipe.data, recipe.train.batch_size, recipe.seed
        batches = PretrainingBatches(*drawn, masks_text=masks_text)
        show_plan(planned, probe(planned, build, batches))
        return
    show_plan(planned)
    opened = {"teacher": ready.teacher.run, KEY: store_run.run}
    contents = ready.contents or input_contents(recipe, opened=opened)
    pretrain(
        ready.invocation, recipe, ready.size, store, student, ready.plan_of, build, contents,
        masks_text=masks_text,
    )  # fmt: skip


def _student(ready: Ready, recipe: DistillRecipe, vocab_size: int) -> keras.Model:
    """The student with the heads that its strategy trains."""
    heads = STRATEGIES[recipe.distill.strategy].heads
    build: Callable[..., keras.Model] = build_encoder
    if heads:
        build = partial(build_pretraining_network, next_sentence="next_sentence" in heads)
    return build(
        ready.size,
        vocab_size=vocab_size,
        seed=recipe.seed,
        dtype=dtype_policy(recipe.train.precision),
        returns_projections=ready.heads.relation_heads is not None,
    )


def _projections(ready: Ready, recipe: DistillRecipe) -> dict[int, keras.layers.Layer]:
    """What brings the student's hidden states to the teacher's width."""
    compared = [comparison for stage in ready.plan for comparison in stage.compare]
    dims = ready.teacher.description.size.hidden_dim, ready.size.hidden_dim
    return build_projections(compared, *dims, recipe.seed, sharing_of(recipe.distill))


def _objective(
    teacher: keras.Model,
    student: keras.Model,
    projections: Mapping[int, keras.layers.Layer],
    heads: HeadMatch,
    recipe: DistillRecipe,
    stage: Stage,
) -> Objective:
    options = recipe.distill
    own_heads = STRATEGIES[options.strategy].heads
    student_losses = {name: loss for name, loss in PRETRAINING_LOSSES.items() if name.startswith(own_heads)}
    pair = DistillationPair(
        teacher,
        student,
        stage.compare,
        output_losses=_output_losses(options),
        student_losses=student_losses,
        learns_outputs=any(name in student_losses for name in stage.loss_weights),
        projections=projections,
        head_map=heads.head_map,
        relation_heads=heads.relation_heads,
    )
    return Objective(student, pair, stage.loss_weights, pair.known_losses, companions=pair.companions)


def _output_losses(options: DistillOptions) -> Mapping[str, Loss]:
    """What can be compared of what the networks return."""
    if isinstance(options, LayerTransferOptions):
        return output_losses(options.ground_truth_ratio, options.temperature)
    return output_losses(temperature=options.temperature) if isinstance(options, DistilBertOptions) else {}


def _warm_start(student: keras.Model, teacher: keras.Model, ready: Ready, options: DistillOptions) -> None:
    report = warm_start(student, teacher, options.warm_start)
    for sentence in report.sentences(options.warm_start):
        console.info(sentence)
    if ready.copies:
        copied = copy_layers(student, teacher, ready.copies)
        layers = ", ".join(map(str, ready.copies))
        console.info(f"Copied from layers {layers} of the teacher: {counted(len(copied), 'weight')}")
