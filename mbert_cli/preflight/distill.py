"""What `mbert distill` needs: a teacher whose layers and vocabulary fit, a token store, and room for both networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.cost.products import Network
from mbert_cli.distill.layer_copies import find_copies
from mbert_cli.distill.layer_map import HeadMatch, describe_places, map_places, match_heads, with_smoke_heads
from mbert_cli.distill.options import (
    ComparisonOptions,
    CorpusDistillOptions,
    DistilBertOptions,
    LayerTransferOptions,
    StrategyOptions,
)
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.model.options import Architecture
from mbert_cli.preflight.inputs import Unnamed, look_at_length, look_at_model, with_found, with_store_of
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.preflight.pretraining_needs import HEADS, PretrainingReady, look_at_pretraining, training_of
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.token_store import KEY, Store, StoreRun, look_at_store, vocab_size_of
from mbert_cli.preflight.vocabulary import require_same_vocabulary
from mbert_cli.recipe.files import QUICKSTART
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.lineage import TEACHERS, UNNAMED_TEACHERS
from mbert_cli.runs.listing import RECIPE
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_model import RunModel, require_masked_language_model


@dataclass(frozen=True)
class Ready(PretrainingReady[DistillRecipe]):
    """What was found, as `PretrainingReady` says, with the teacher.

    Attributes:
        teacher: The teacher's run.
        places: For each place of the student the teacher's that it learns from.
        heads: How attention is compared.
        copies: For each layer of the student the teacher's that it starts as a copy of; empty where none is copied.
    """

    teacher: RunModel
    places: Sequence[int]
    heads: HeadMatch
    copies: Sequence[int] = ()

    def plan_of(self, recipe: DistillRecipe) -> Sequence[Stage]:
        """The stages of a recipe for these networks."""
        return plan_for(recipe, self.teacher.description.size, self.places)

    @property
    def teacher_predicts(self) -> bool:
        """Whether the teacher has its heads: its predictions are compared, or the student starts with them."""
        return _predicts(self.recipe.distill, self.plan, self.teacher)


def resolve(invocation: Invocation[DistillRecipe], inspection: Inspection) -> Ready:
    """Looks at teacher, stages, token store, run, lengths, layers, vocabularies and machine."""
    recipe, size = invocation.recipe, invocation.recipe.model.resolve()
    stages = inspection.look("stages", lambda: _stages(recipe)).found or ()
    require = partial(_require_predictions, recipe.distill, stages)
    teacher = look_at_model(
        inspection, invocation, recipe.teacher, "teacher", TEACHERS, require, Unnamed(UNNAMED_TEACHERS)
    )
    store = look_at_store(inspection, invocation, _data(recipe, teacher))
    inputs = _inputs(teacher, store)
    recipe = with_found(recipe, inputs)
    if invocation.smoke and teacher.found and isinstance(recipe.distill, ComparisonOptions):
        options = with_smoke_heads(recipe.distill, teacher.found.description.size, size)
        recipe = recipe.model_copy(update={"distill": options})
    contents = look_at_run(inspection, invocation, recipe, inputs, _steps)
    length, key = recipe.data.sequence_length, "data.sequence_length"
    look_at_length(inspection, "sequence length, student", length, lambda: size, key)
    look_at_length(
        inspection, "sequence length, teacher", length, lambda: teacher.value.description.size, key
    )
    places, heads, copies = _look_at_layers(inspection, recipe, teacher)
    if store.found and store.found.vocabulary:
        prepare = recipe.data.prepare
        inspection.look("vocabularies", lambda: _vocabularies(store.value, prepare, teacher.value))
    teaching = None
    if teacher.found:
        predicts = _predicts(recipe.distill, stages, teacher.found)
        teaching = network_of(teacher.found, predicts=predicts)
    training = training_of(recipe, size, vocab_size_of(store.found), teaching)
    look_at_pretraining(inspection, invocation.directory, recipe, training, stages)
    plan = plan_for(recipe, teacher.value.description.size, places.value)
    return Ready(
        invocation, recipe, size, plan, store.value, contents.value,
        teacher.value, places.value, heads.value, copies.value,
    )  # fmt: skip


def plan_for(recipe: DistillRecipe, teacher: Architecture, places: Sequence[int]) -> tuple[Stage, ...]:
    """The stages of a recipe for a teacher of some size; places as in `Ready`."""
    return _plan(_as_started(recipe, teacher), places)


def _plan(recipe: DistillRecipe, places: Sequence[int]) -> tuple[Stage, ...]:
    """The stages of the recipe's strategy; places as in `Ready`."""
    stages = STRATEGIES[recipe.distill.strategy].stages
    return tuple(stages(recipe.distill, places, recipe.train.optimizer))


def _as_started(recipe: DistillRecipe, teacher: Architecture) -> DistillRecipe:
    """The recipe as it is planned: embeddings of other widths do not start as the teacher's, so they learn first."""
    student = recipe.model.resolve()
    widths = ("embedding_dim", "hidden_dim", "trigram_input")
    if all(getattr(teacher, name) == getattr(student, name) for name in widths):
        return recipe
    parts = [part for part in recipe.distill.warm_start if part != "embeddings"]
    return recipe.model_copy(update={"distill": recipe.distill.model_copy(update={"warm_start": parts})})


def _steps(recipe: DistillRecipe) -> tuple[Stage, ...]:
    """The stages with their steps, which do not depend on which layers of a teacher are compared."""
    return _plan(recipe, range(recipe.model.resolve().num_layers + 1))


def compares_predictions(plan: Sequence[Stage]) -> bool:
    """Whether a plan compares what the networks return, for which a teacher needs the heads of pre-training."""
    return any(comparison.teacher_place is None for stage in plan for comparison in stage.compare)


def _predicts(options: CorpusDistillOptions, plan: Sequence[Stage], teacher: RunModel) -> bool:
    """Whether a teacher has its heads, as `Ready` says."""
    wanted = set(options.warm_start) & set(STRATEGIES[options.strategy].heads)
    starts_with_heads = bool(wanted) and "masked_language_model" in teacher.heads
    return starts_with_heads or compares_predictions(plan)


def network_of(teacher: RunModel, *, predicts: bool) -> Network:
    """The network of a teacher, as far as the cost of a training depends on it; with its heads where it predicts."""
    heads = tuple(name for name in HEADS if name in teacher.heads) if predicts else ()
    return Network(teacher.description.size, teacher.description.vocabulary.size, heads)


def _require_predictions(options: StrategyOptions, plan: Sequence[Stage], teacher: RunModel) -> None:
    """Checks that a teacher predicts masked words where these predictions are learned."""
    if not compares_predictions(plan):
        return
    ways = "--strategy general learns from the layers of any teacher. "
    if isinstance(options, LayerTransferOptions):
        ways += "--set distill.ground_truth_ratio=1 learns masked words from the text alone. "
    else:
        ways += (
            "So do progressive, joint and auxiliary, which learn masked words from the text alone with "
            "--set distill.ground_truth_ratio=1. "
        )
    if teacher.description.output_names:
        ways += "--strategy task learns the teacher's own task. "
    require_masked_language_model(teacher, ways)


def _stages(recipe: DistillRecipe) -> tuple[str, Sequence[Stage]]:
    plan = _steps(recipe)
    idle = [stage.name for stage in plan if not any(stage.loss_weights.values())]
    if idle:
        raise UserError(
            f"A stage minimises at least one loss. Received: distill.factors that leave none in {idle[0]}",
            f"Give one a factor above 0, such as --set distill.factors.{_usual_loss(recipe.distill)}=1.",
        )
    steps = counted(sum(stage.steps for stage in plan), "step")
    return f"{recipe.distill.strategy}: {len(plan)} of {steps}", plan


def _usual_loss(options: StrategyOptions) -> str:
    return "soft_targets" if isinstance(options, DistilBertOptions) else "hidden_states"


def _data(recipe: DistillRecipe, teacher: Looked[RunModel]) -> PretrainingOptions:
    return with_store_of(recipe.data, teacher.found.run) if teacher.found else recipe.data


def _inputs(teacher: Looked[RunModel], store: Looked[Store]) -> dict[str, Run]:
    """The runs that were found, by key."""
    inputs = {"teacher": teacher.found.run} if teacher.found else {}
    if isinstance(store.found, StoreRun):
        inputs[KEY] = store.found.run
    return inputs


def _look_at_layers(
    inspection: Inspection, recipe: DistillRecipe, teacher: Looked[RunModel]
) -> tuple[Looked[Sequence[int]], Looked[HeadMatch], Looked[Sequence[int]]]:
    """Places, heads and copied layers, as `Ready` has them."""
    options, size = recipe.distill, recipe.model.resolve()

    def teacher_size() -> Architecture:
        return teacher.value.description.size

    def match_places() -> tuple[str, Sequence[int]]:
        places = map_places(teacher_size(), size, options)
        if isinstance(options, DistilBertOptions):
            return f"the student's last learns from {places[-1] - 1} of the teacher", places
        return describe_places(places), places

    places = inspection.look("layers", match_places)
    if not isinstance(options, DistilBertOptions):
        heads = inspection.look("heads", lambda: _heads(teacher_size(), size, options))
        return places, heads, Looked[Sequence[int]](())

    def copy() -> tuple[str, Sequence[int]]:
        copies = find_copies(teacher_size(), size, options.copied_layers)
        return f"{', '.join(map(str, copies))} of the teacher" if copies else "none", copies

    return places, Looked(HeadMatch()), inspection.look("copied layers", copy)


def _heads(teacher: Architecture, student: Architecture, options: ComparisonOptions) -> tuple[str, HeadMatch]:
    heads = match_heads(teacher, student, options)
    return str(heads), heads


def require_teachers_vocabulary(store: Store, prepare: str | None, teacher: RunModel) -> None:
    """Checks that a store has its teacher's vocabulary, where that is known and not trained first.

    Args:
        store: The store.
        prepare: What it is prepared by where there is none yet, as the key says.
        teacher: The teacher.

    Raises:
        UserError: Tokens or lower-casing differ.
    """
    if store.vocabulary is None:
        return
    made = store.run.path if isinstance(store, StoreRun) else store.path
    recipe = str(made / RECIPE) if isinstance(store, StoreRun) else prepare or QUICKSTART
    require_same_vocabulary(store.vocabulary, teacher.description, teacher.path, recipe, made)


def _vocabularies(store: Store, prepare: str | None, teacher: RunModel) -> tuple[str, None]:
    require_teachers_vocabulary(store, prepare, teacher)
    return "equal in token store and teacher", None
