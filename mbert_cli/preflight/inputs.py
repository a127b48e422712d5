"""Which earlier runs a verb works on: the one that is named, the one it began with, or the newest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.model.options import Architecture
from mbert_cli.model.sequence_length import require_length
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.loading import VerbRecipe
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.lineage import found_unnamed
from mbert_cli.runs.listing import finished_at, maker_of, newest_complete, recorded_recipe
from mbert_cli.weights.saved_model import RunModel


@dataclass(frozen=True)
class Unnamed:
    """Among which runs the newest is taken where a recipe key names none.

    Attributes:
        kinds: Their kinds; None for those that serve where they are named, without `ONLY_NAMED`.
        serves: Whether a run of these kinds can serve.
        what: What such a run has, as ` with a head for masked words`, for the sentence that there is none.
    """

    kinds: tuple[str, ...] | None = None
    serves: Callable[[Path], bool] = lambda path: True
    what: str = ""


NEWEST = Unnamed()
"""The newest of those that serve where they are named."""


def find_run(
    invocation: Invocation[Any],
    named: str | None,
    key: str,
    kinds: tuple[str, ...],
    unnamed: Unnamed = NEWEST,
) -> Run:
    """The complete run for a recipe key that names one, or leaves the choice open with null.

    A run that is continued keeps the input it began with; otherwise null takes the newest.

    Args:
        invocation: The command.
        named: The key's value.
        key: The key, to find what a continued run began with.
        kinds: Kinds of runs that serve.
        unnamed: Among which the newest is taken.

    Raises:
        UserError: The named run cannot serve, or there is none.
    """
    if named:
        return Run.open(Path(named), kinds)
    own = unnamed.kinds or found_unnamed(key, kinds)
    newest = newest_complete(invocation.root, own, unnamed.serves)
    if kept := recorded_input(invocation, key):
        _say_kept(invocation, key, Path(kept), newest)
        return Run.open(Path(kept), kinds)
    if newest is None:
        raise UserError(
            f"`mbert {invocation.verb}` needs a complete {' or '.join(own)} run{unnamed.what}. "
            f"Received: none in {invocation.root}",
            f"Make one with `{maker_of(own[-1], invocation.root)}`, or name one with --set {key}=DIR."
            f"{_hint_for_plan(invocation, key)}",
        )
    console.info(f"{key}: {newest}, the newest complete {' or '.join(own)} run")
    return Run.open(newest, kinds)


def _say_kept(invocation: Invocation[Any], key: str, kept: Path, newest: Path | None) -> None:
    """Says which input a run goes on with, where the newest is another one by now."""
    if newest is not None and newest.resolve() != kept.resolve():
        console.info(f"{key}: {kept}, with which {invocation.directory} began; {newest} is newer")


def _hint_for_plan(invocation: Invocation[Any], key: str) -> str:
    """What plans a training before there is a teacher or a token store, as `planning.imagine` does."""
    recipe = invocation.recipe
    is_first = (isinstance(recipe, DistillRecipe) and key == "teacher" and recipe.data.run is None) or (
        isinstance(recipe, TrainTeacherRecipe) and key == "data.run"
    )
    if not is_first or not invocation.dry_run or invocation.probe:
        return ""
    needed = {"plan.devices=1": recipe.plan.devices}
    if key == "teacher":
        needed["plan.teacher=SIZE"] = recipe.plan.teacher
    missing = [f"--set {setting}" for setting, value in needed.items() if value is None]
    sizes = "; `mbert recipe explain model.size` shows the sizes" * ("SIZE" in "".join(missing))
    return f" {' '.join(missing)} plans without{sizes}." if missing else ""


def with_store_of(options: PretrainingOptions, teacher: Run) -> PretrainingOptions:
    """The options with the token store that a teacher was trained on, where they name none and it is still there.

    Args:
        options: The data section of a recipe.
        teacher: The teacher's run.
    """
    store = (teacher.recipe.get("data") or {}).get("run")
    if options.run is not None or store is None or finished_at(Path(store)) is None:
        return options
    console.info(f"data.run: {store}, the teacher's own token store")
    return options.model_copy(update={"run": store})


def recorded_input(invocation: Invocation[Any], key: str) -> str | None:
    """What the run that is about to be continued wrote down for a key."""
    if invocation.fresh:
        return None
    value: Any = recorded_recipe(invocation.directory)
    for part in key.split("."):
        value = (value or {}).get(part)
    return None if value is None else str(value)


def with_found(recipe: VerbRecipe, runs: Mapping[str, Run]) -> VerbRecipe:
    """The recipe with the runs that were found written down under their keys."""
    for key, run in runs.items():
        recipe = with_input(recipe, key, run)
    return recipe


def look_at_model(
    inspection: Inspection,
    invocation: Invocation[Any],
    named: str | None,
    key: str,
    kinds: tuple[str, ...],
    require: Callable[[RunModel], None] = lambda model: None,
    unnamed: Unnamed = NEWEST,
) -> Looked[RunModel]:
    """Looks for the run with the model that a recipe key names, or leaves open.

    Args: those of `find_run`, and
        inspection: Receives what is found.
        require: Raises a UserError where the model cannot serve.
    """

    def check() -> tuple[str, RunModel]:
        model = RunModel.of(find_run(invocation, named, key, kinds, unnamed))
        require(model)
        return f"{model.path}: {counted(model.description.size.num_layers, 'layer')}", model

    return inspection.look(key, check)


def look_at_length(
    inspection: Inspection,
    name: str,
    sequence_length: int,
    size_of: Callable[[], Architecture],
    key: str = "task.sequence_length",
) -> None:
    """Looks whether a sequence fits the positions of an encoder.

    Args:
        inspection: Receives what is found.
        name: What is looked at.
        sequence_length: Tokens of an example.
        size_of: Returns the encoder's architecture, if it was found.
        key: The key of the recipe that says how many tokens.
    """

    def check() -> tuple[str, None]:
        size = size_of()
        require_length(sequence_length, size, key)
        return f"{sequence_length} of {size.max_length} positions", None

    inspection.look(name, check)


def with_input(recipe: VerbRecipe, key: str, run: Run) -> VerbRecipe:
    """The recipe with the run that was found written down under its key."""
    section, _, field = key.rpartition(".")
    if not section:
        return recipe.model_copy(update={field: str(run.path)})
    inner = getattr(recipe, section).model_copy(update={field: str(run.path)})
    return recipe.model_copy(update={section: inner})
