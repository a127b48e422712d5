"""`mbert distill`: teacher -> student, by one of the strategies."""

import keras

from mbert_cli import console
from mbert_cli.backend import use_streams
from mbert_cli.commands.prepare import find_store
from mbert_cli.corpus.store import TokenStore
from mbert_cli.distill.options import DistillOptions
from mbert_cli.distill.pair import LOSSES, DistillationPair, TransferPair
from mbert_cli.distill.strategies import STRATEGIES, map_layers
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
    layer_map = map_layers(teacher_description.size, size, recipe.distill)
    plan = _plan(recipe)
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
        say_continuation(invocation, recipe, _plan)
        return
    build = _Objectives(teacher, student, layer_map, recipe.distill)
    pretrain(invocation, recipe, size, store, student, _plan, build)


def _plan(recipe: DistillRecipe) -> list[Stage]:
    num_layers = recipe.model.resolve().num_layers
    return STRATEGIES[recipe.distill.strategy](recipe.distill, num_layers, recipe.train.optimizer)


class _Objectives:
    """Stage -> what it minimises: layer transfer where its losses are weighed, else distillation alone."""

    def __init__(
        self, teacher: keras.Model, student: keras.Model, layer_map: list[int], options: DistillOptions
    ) -> None:
        self.teacher, self.student = teacher, student
        self.layer_map, self.options = layer_map, options

    def __call__(self, stage: Stage) -> Objective:
        distils = "pretraining_distillation" in stage.loss_weights
        transfers = "feature_map" in stage.loss_weights
        if distils:
            pair = DistillationPair(
                self.teacher,
                self.student,
                self.options.ground_truth_ratio,
                self.options.temperature,
                layer_map=self.layer_map if transfers else None,
            )
        else:
            every = range(len(self.layer_map))
            layers = every if stage.last_layer is None else [stage.last_layer]
            pair = TransferPair(self.teacher, self.student, self.layer_map, layers)
        return Objective(self.student, pair, stage.loss_weights, LOSSES)


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
