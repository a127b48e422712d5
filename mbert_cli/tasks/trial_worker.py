"""Trains trials of a search in a process of its own, which has read the task by itself."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mbert_cli import console
from mbert_cli.backend import load_keras, use_streams
from mbert_cli.native_output import hidden_native_output
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.runs.content import Content
from mbert_cli.runs.lineage import PRETRAINED, TASK_MODELS
from mbert_cli.runs.listing import TRIALS
from mbert_cli.runs.lock import is_locked
from mbert_cli.search.grid import SearchPlan, Setting
from mbert_cli.weights.saved_model import RunModel

if TYPE_CHECKING:
    from mbert_cli.search.trials import Trials

_LOCKED_SECONDS = 30.0
"""How long the worker of a search that was killed may take to end."""


@dataclass
class TrialWorker:
    """Trains the trials of a search, one after the other; it is made anew in each process.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved and a search.
        contents: What the inputs hold.
        plan: What is tried.
    """

    invocation: Invocation[FinetuneRecipe]
    recipe: FinetuneRecipe
    contents: Mapping[str, Content]
    plan: SearchPlan

    def __call__(self, trial: tuple[Setting, int]) -> list[str]:
        """Trains a trial from where it stands; returns what was warned of."""
        console.set_quiet(True)
        with console.heard() as warnings:
            setting, seed = trial
            _wait_for(self.invocation.directory / TRIALS / setting.trial(seed))
            self._trials.train(trial)
        return warnings

    @cached_property
    def _trials(self) -> "Trials":
        with hidden_native_output():
            load_keras()
            from mbert_cli.examples.loading import load_task
            from mbert_cli.search.trials import Trials
            from mbert_cli.tasks.searching import steps_on, train_on, work_of
            from mbert_cli.tasks.training import collect

        use_streams()
        recipe = self.recipe
        begun = recipe.initialize_from
        source = RunModel.open(Path(str(begun or recipe.source)), TASK_MODELS if begun else PRETRAINED)
        material = collect(load_task(recipe.task), recipe.task, recipe.loss, source)
        work = work_of(self.invocation, recipe, self.contents, train_on(material), steps_on(material))
        return Trials(self.invocation.directory, self.plan, work)


def _wait_for(path: Path) -> None:
    """Waits until nobody works on a trial: who was to end when its search was killed may not have noticed yet."""
    until = time.monotonic() + _LOCKED_SECONDS
    while is_locked(path) and time.monotonic() < until:
        time.sleep(0.2)
