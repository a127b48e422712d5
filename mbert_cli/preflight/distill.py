"""What `mbert distill` needs: a teacher whose layers and vocabulary fit, a token store, and room for both networks."""

from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.distill.layer_map import map_places
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.preflight.inputs import look_at_length, look_at_model, with_found, with_store_of
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.preflight.pretraining_needs import PretrainingReady, look_at_pretraining
from mbert_cli.preflight.run import look_at_run
from mbert_cli.preflight.token_store import KEY, Store, StoreRun, look_at_store
from mbert_cli.preflight.vocabulary import require_same_vocabulary
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.lineage import TEACHERS
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.train.stage import Stage
from mbert_cli.weights.saved_model import RunModel, require_masked_language_model


@dataclass(frozen=True)
class Ready(PretrainingReady[DistillRecipe]):
    """What was found, as `PretrainingReady` says, with the teacher.

    Attributes:
        teacher: The teacher's run.
        places: For each place of the student the teacher's that it learns from.
    """

    teacher: RunModel
    places: Sequence[int]

    def plan_of(self, recipe: DistillRecipe) -> Sequence[Stage]:
        """The stages of a recipe for these networks."""
        return _plan(recipe, self.places)


def resolve(invocation: Invocation[DistillRecipe], inspection: Inspection) -> Ready:
    """Looks at teacher, stages, token store, run, lengths, layers, vocabularies and machine."""
    recipe, size = invocation.recipe, invocation.recipe.model.resolve()
    teacher = look_at_model(
        inspection, invocation, recipe.teacher, "teacher", TEACHERS, require_masked_language_model
    )
    inspection.look("stages", lambda: _stages(recipe))
    store = look_at_store(inspection, invocation, _data(recipe, teacher))
    inputs = _inputs(teacher, store)
    recipe = with_found(recipe, inputs)
    contents = look_at_run(inspection, invocation, recipe, inputs, _steps)
    look_at_length(inspection, "sequence length, student", recipe.data.sequence_length, lambda: size)
    look_at_length(
        inspection,
        "sequence length, teacher",
        recipe.data.sequence_length,
        lambda: teacher.value.description.size,
    )
    places = inspection.look("layers", lambda: _layers(recipe, teacher.value))
    vocabulary = store.found.vocabulary if store.found else None
    if vocabulary:
        inspection.look("vocabularies", lambda: _vocabularies(vocabulary, teacher.value))
    theirs = teacher.found.description.size if teacher.found else None
    look_at_pretraining(inspection, invocation.directory, recipe, size, vocabulary, theirs)
    plan = _plan(recipe, places.value)
    return Ready(invocation, recipe, size, plan, store.value, contents.value, teacher.value, places.value)


def _plan(recipe: DistillRecipe, places: Sequence[int]) -> tuple[Stage, ...]:
    """The stages of the recipe's strategy; places as in `Ready`."""
    strategy = recipe.distill.strategy
    if strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise UserError(f"The strategies are {known}. Received: {strategy}", "Choose one with --strategy.")
    return tuple(STRATEGIES[strategy](recipe.distill, places, recipe.train.optimizer))


def _steps(recipe: DistillRecipe) -> tuple[Stage, ...]:
    """The stages with their steps, which do not depend on which layers of a teacher are compared."""
    return _plan(recipe, range(recipe.model.resolve().num_layers + 1))


def _stages(recipe: DistillRecipe) -> tuple[str, None]:
    plan = _steps(recipe)
    steps = counted(sum(stage.steps for stage in plan), "step")
    return f"{recipe.distill.strategy}: {len(plan)} of {steps}", None


def _data(recipe: DistillRecipe, teacher: Looked[RunModel]) -> PretrainingOptions:
    return with_store_of(recipe.data, teacher.found.run) if teacher.found else recipe.data


def _inputs(teacher: Looked[RunModel], store: Looked[Store]) -> dict[str, Run]:
    """The runs that were found, by key."""
    inputs = {"teacher": teacher.found.run} if teacher.found else {}
    if isinstance(store.found, StoreRun):
        inputs[KEY] = store.found.run
    return inputs


def _layers(recipe: DistillRecipe, teacher: RunModel) -> tuple[str, Sequence[int]]:
    places = map_places(teacher.description.size, recipe.model.resolve(), recipe.distill)
    layers = [place - 1 for place in places[1:]]
    words = f"the student's {len(layers)} learn from {', '.join(map(str, layers))} of the teacher"
    return words, places


def _vocabularies(vocabulary: Vocabulary, teacher: RunModel) -> tuple[str, None]:
    require_same_vocabulary(vocabulary, teacher.description, teacher.path)
    return "equal in token store and teacher", None
