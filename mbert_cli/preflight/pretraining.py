"""What `train-teacher` and `distill` are both ready with: a network, stages and a token store."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from mbert_cli.model.options import Architecture
from mbert_cli.preflight.token_store import Store
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.train.stage import Stage

Recipe = TypeVar("Recipe", TrainTeacherRecipe, DistillRecipe)


@dataclass(frozen=True)
class PretrainingReady(Generic[Recipe]):
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe, with the runs that it works on written down.
        size: The architecture that trains.
        plan: The stages, in order.
        store: The token store, or what is ready to make it first.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[Recipe]
    recipe: Recipe
    size: Architecture
    plan: tuple[Stage, ...]
    store: Store
    contents: Contents | None
