"""`mbert distill`: teacher -> student, by one of the strategies."""

from functools import partial

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.commands.prepare import find_store
from mbert_cli.corpus.store import TokenStore
from mbert_cli.distill.layer_map import map_places
from mbert_cli.distill.options import DistillOptions
from mbert_cli.distill.pair import LOSSES, DistillationPair
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.distill.warm_start import warm_start
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import Architecture
from mbert_cli.model.sequence_length import require_length
from mbert_cli.preflight.inputs import find_model, with_input, with_store_of
from mbert_cli.preflight.vocabulary import require_same_vocabulary
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe
from mbert_cli.runs.lineage import TEACHERS
from mbert_cli.sessions.plan import show_plan
from mbert_cli.sessions.pretraining import pretrain
from mbert_cli.sessions.prolonging import say_continuation
from mbert_cli.tasks.pair_segments import say_single_segment
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_network import dtype_policy, load_teacher


def run(invocation: Invocation) -> None:
    """Transfers a teacher's knowledge into a student."""
    use_streams()
    recipe: DistillRecipe = invocation.loaded.recipe
    saved = find_model(invocation, recipe.teacher, "teacher", TEACHERS)
    recipe = with_input(recipe, "teacher", saved.run)
    teacher_description = saved.description
    size = recipe.model.resolve()
    for encoder in (size, teacher_description.size):
        require_length(recipe.data.sequence_length, encoder)
        say_single_segment(encoder, has_pairs=True)
    places = map_places(teacher_description.size, size, recipe.distill)

    def plan_of(recipe: DistillRecipe) -> list[Stage]:
        return STRATEGIES[recipe.distill.strategy](recipe.distill, places, recipe.train.optimizer)

    plan = plan_of(recipe)
    store_run = find_store(invocation, with_store_of(recipe.data, saved.run))
    if store_run is None:
        show_plan(invocation, plan, {}, recipe.train)
        return
    recipe = with_input(recipe, "data.run", store_run)
    store = TokenStore(store_run.final)
    require_same_vocabulary(store.vocabulary, teacher_description, saved.path)

    teacher = load_teacher(saved, recipe.train.precision)
    teacher.trainable = False
    student = build_pretraining_network(
        size,
        vocab_size=store.vocabulary.size,
        seed=recipe.seed,
        dtype=dtype_policy(recipe.train.precision),
    )
    _warm_start(student, teacher, size, teacher_description.size, recipe.distill)
    show_plan(invocation, plan, {"teacher": teacher, "student": student}, recipe.train)
    if invocation.dry_run:
        say_continuation(invocation, recipe, plan_of)
        return
    build = partial(_objective, teacher, student, recipe.distill)
    pretrain(invocation, recipe, size, store, student, plan_of, build)


def _objective(
    teacher: keras.Model, student: keras.Model, options: DistillOptions, stage: Stage
) -> Objective:
    pair = DistillationPair(teacher, student, stage.compare, options.ground_truth_ratio, options.temperature)
    return Objective(student, pair, stage.loss_weights, LOSSES)


def _warm_start(
    student: keras.Model,
    teacher: keras.Model,
    size: Architecture,
    teacher_size: Architecture,
    options: DistillOptions,
) -> None:
    same = size.normalization == teacher_size.normalization
    report = warm_start(student, teacher, options.warm_start, same_normalization=same)
    console.info(
        f"Copied from the teacher: {len(report.copied)} weights of {', '.join(options.warm_start) or 'no part'}"
    )
    for name, reason in report.skipped.items():
        console.info(f"Not copied: {name} ({reason})")
