"""`mbert distill`: teacher -> student, by one of the strategies."""

from collections.abc import Mapping
from functools import partial

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.commands.prepare import prepared
from mbert_cli.distill.options import DistillOptions, LayerTransferOptions
from mbert_cli.distill.pair import DistillationPair
from mbert_cli.distill.projections import build_projections
from mbert_cli.distill.warm_start import warm_start
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.losses.transfer import output_losses
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import Architecture
from mbert_cli.preflight.distill import Ready
from mbert_cli.preflight.inputs import with_input
from mbert_cli.preflight.token_store import KEY, StoreRun
from mbert_cli.preflight.vocabulary import require_same_vocabulary
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.schema import DistillRecipe
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.pretraining_run import pretrain
from mbert_cli.sessions.prolonging import say_continuation
from mbert_cli.tasks.pair_segments import say_single_segment
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_network import dtype_policy, load_teacher


def run(ready: Ready) -> None:
    """Transfers a teacher's knowledge into a student."""
    use_streams()
    for size in (ready.size, ready.teacher.description.size):
        say_single_segment(size, has_pairs=True)
    if ready.invocation.dry_run and not isinstance(ready.store, StoreRun):
        show_plan(ready.invocation, ready.plan, {}, ready.recipe.train)
        return
    store_run = prepared(ready.store)
    require_same_vocabulary(store_run.vocabulary, ready.teacher.description, ready.teacher.path)
    recipe, store = with_input(ready.recipe, KEY, store_run.run), store_run.store
    teacher = load_teacher(ready.teacher, recipe.train.precision)
    teacher.trainable = False
    student = build_pretraining_network(
        ready.size,
        vocab_size=store.vocabulary.size,
        seed=recipe.seed,
        dtype=dtype_policy(recipe.train.precision),
    )
    _warm_start(student, teacher, ready.size, ready.teacher.description.size, recipe.distill)
    compared = [comparison for stage in ready.plan for comparison in stage.compare]
    projections = build_projections(
        compared, ready.teacher.description.size.hidden_dim, ready.size.hidden_dim, recipe.seed
    )
    layers = {layer.name.replace("_", " "): layer for layer in projections.values()}
    show_plan(ready.invocation, ready.plan, {"teacher": teacher, "student": student, **layers}, recipe.train)
    if ready.invocation.dry_run:
        say_continuation(ready.invocation, recipe, ready.plan_of)
        return
    build = partial(_objective, teacher, student, projections, recipe)
    opened = {"teacher": ready.teacher.run, KEY: store_run.run}
    contents = ready.contents or input_contents(recipe, opened=opened)
    pretrain(ready.invocation, recipe, ready.size, store, student, ready.plan_of, build, contents)


def _objective(
    teacher: keras.Model,
    student: keras.Model,
    projections: Mapping[int, keras.layers.Layer],
    recipe: DistillRecipe,
    stage: Stage,
) -> Objective:
    options = recipe.distill
    soft_targets = (
        output_losses(options.ground_truth_ratio, options.temperature)
        if isinstance(options, LayerTransferOptions)
        else {}
    )
    pair = DistillationPair(
        teacher,
        student,
        stage.compare,
        output_losses=soft_targets,
        student_losses=PRETRAINING_LOSSES,
        projections=projections,
    )
    return Objective(student, pair, stage.loss_weights, pair.known_losses, companions=pair.companions)


def _warm_start(
    student: keras.Model,
    teacher: keras.Model,
    size: Architecture,
    teacher_size: Architecture,
    options: DistillOptions,
) -> None:
    same = size.normalization == teacher_size.normalization
    report = warm_start(student, teacher, options.warm_start, same_normalization=same)
    for sentence in report.sentences(options.warm_start):
        console.info(sentence)
