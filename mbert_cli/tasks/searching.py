"""A search among fine-tunings: each trial is an ordinary run, and the best one's model becomes that of the search."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.cluster.options import HERE
from mbert_cli.cluster.sharing import is_shared
from mbert_cli.errors import RunError
from mbert_cli.hosts.joining import ALONE
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import RECIPE, SUMMARY, TRIALS
from mbert_cli.runs.manifest import MANIFEST
from mbert_cli.search.grid import SearchPlan, Setting
from mbert_cli.search.results import SearchReport, describe_states
from mbert_cli.search.trials import Trials, TrialWork, Watch
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.result import write_summary
from mbert_cli.tasks.fitting import fit
from mbert_cli.tasks.quantized_training import prepare_training
from mbert_cli.tasks.training import Material, stage_of
from mbert_cli.tasks.trial_worker import TrialWorker

Train = Callable[[FinetuneRecipe, RunDir, Watch], object]
"""Trains the model of a recipe in a run directory, from where that stands, and writes final/."""
StepsOf = Callable[[FinetuneRecipe], int]
"""The steps of a trial, by its recipe."""


def run_search(
    invocation: Invocation[FinetuneRecipe],
    recipe: FinetuneRecipe,
    contents: Contents,
    plan: SearchPlan,
    train: Train,
    steps_of: StepsOf,
) -> None:
    """Trains every trial that is not done yet, then makes the best setting's model that of the search.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved and a search.
        contents: What the inputs hold.
        plan: What is tried.
        train: Trains one trial in this process; others do so by the recipe.
        steps_of: Recipe of a trial -> its steps.

    Raises:
        RunError: No setting was trained to its end.
    """
    work = work_of(invocation, recipe, contents, train, steps_of)
    with open_run(invocation, recipe, contents) as run:
        if say_when_complete(run):
            return
        trials = Trials(run.path, plan, work)
        if is_shared(recipe.cluster):
            alone = replace(invocation, hosts=ALONE)
            steps = count_steps(plan, recipe, steps_of)
            with console.progress(steps, "search", trials.steps_done(), sparse=True) as display:
                worker = TrialWorker(alone, recipe, contents, plan)
                trials.run_open(recipe.cluster, worker, display.update)
        else:
            trials.run_open()
        _finish(run, trials.refresh())


def work_of(
    invocation: Invocation[FinetuneRecipe],
    recipe: FinetuneRecipe,
    contents: Contents,
    train: Train,
    steps_of: StepsOf,
) -> TrialWork:
    """What trains the trials of a search in this process; arguments as for `run_search`."""

    def open_trial(path: Path, setting: Setting, seed: int) -> RunDir:
        return open_run(replace(invocation, run=path, fresh=False), of_trial(recipe, setting, seed), contents)

    def train_trial(run: RunDir, setting: Setting, seed: int, watch: Watch) -> None:
        train(of_trial(recipe, setting, seed), run, watch)

    return TrialWork(
        open_trial,
        train_trial,
        steps_of=lambda setting: steps_of(of_trial(recipe, setting, recipe.seed)),
        clear=keras.utils.clear_session,  # also collects networks and compiled steps, which are in cycles
        say=console.info,
        warn=console.warning,
    )


def train_on(material: Material) -> Train:
    """Trains trials on what was read already."""

    def train(trial: FinetuneRecipe, run_dir: RunDir, watch: Watch) -> None:
        training = prepare_training(trial, material)
        fit(training.material, training.method, training.network, run_dir, watch)

    return train


def steps_on(material: Material) -> StepsOf:
    """Counts the steps of trials on what was read already."""
    return lambda trial: stage_of(trial, material).steps


def count_steps(plan: SearchPlan, recipe: FinetuneRecipe, steps_of: StepsOf) -> int:
    """Steps of all trials, where none is given up; arguments as for `run_search`."""
    trials = [of_trial(recipe, setting, recipe.seed) for setting in plan.settings]
    return len(plan.seeds) * sum(map(steps_of, trials))


def of_trial(recipe: FinetuneRecipe, setting: Setting, seed: int) -> FinetuneRecipe:
    """The recipe of a trial, which is that of an ordinary fine-tuning.

    Args:
        recipe: That of the search.
        setting: The trial's rate, batch size and epochs.
        seed: Its seed.
    """
    changes = {"seed": seed, "train": setting.applied_to(recipe.train), "search": None, "cluster": HERE}
    return recipe.model_copy(update=changes)


def _finish(run: RunDir, report: SearchReport) -> None:
    """Writes final/: the model of the best trial of the setting of the best mean."""
    chosen = report.chosen
    if chosen is None:
        raise RunError(
            f"A search needs a setting whose seeds all train to their end. Received: none of "
            f"{len(report.results)} in {run.path}, {describe_states(report)}",
            "Lower search.learning_rate and begin again with --fresh.",
        )
    best = Run.open(run.path / TRIALS / chosen.best_trial.name, ("finetune",)).final
    known = json.loads((best / SUMMARY).read_text(encoding="utf-8"))

    def write(directory: Path) -> None:
        for file in best.iterdir():
            if file.name not in (RECIPE, MANIFEST, SUMMARY):
                shutil.copyfile(file, directory / file.name)
        over_seeds = {"score": chosen.mean, "deviation": chosen.deviation, "seeds": len(chosen.trials)}
        of_best = {"trial": chosen.best_trial.name, "trial_score": chosen.best_trial.score}
        write_summary(directory, known | over_seeds | of_best)

    run.finish(write)
