"""`mbert finetune` with a `search` section: a grid of fine-tunings, one ordinary run each, and what it found."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.errors import Diverged, RunError, UserError
from mbert_cli.figures import show_share
from mbert_cli.page import PRINTED
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.report.search import search_page
from mbert_cli.report.terminal import deliver
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import CHECKPOINTS, JOURNAL, RECIPE, SEARCH, STOPPED, SUMMARY, TRIALS
from mbert_cli.runs.manifest import MANIFEST, replace_file
from mbert_cli.search.grid import Scores, Setting, is_behind, make_grid, plan_settings, seeds_of
from mbert_cli.search.results import (
    BEHIND,
    SearchReport,
    TrialResult,
    collect_report,
    read_report,
    scores_of,
    write_report,
)
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.result import write_summary

Watch = Callable[[int], None]
"""Told the steps done after each validation; ends the training by what it raises."""

Train = Callable[[FinetuneRecipe, RunDir, Watch], object]
"""Trains the model of a recipe in a run directory, from where that stands, and writes final/."""


class _Behind(Exception):
    """A trial is clearly behind; ends its training."""


def run_search(
    invocation: Invocation,
    recipe: FinetuneRecipe,
    contents: Contents,
    train: Train,
    steps_of: Callable[[FinetuneRecipe], int],
) -> None:
    """Trains every trial that is not done yet, then makes the best setting's model that of the search.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved and a search.
        contents: What the inputs hold.
        train: Trains one trial.
        steps_of: Recipe of a trial -> its steps.
    """
    search = _Search(invocation, recipe, contents, train, steps_of)
    search.show_plan()
    if invocation.dry_run:
        return
    with open_run(invocation, recipe, contents) as run:
        if not say_when_complete(run):
            search.run_trials()
            search.finish(run)
    deliver(search_page(run.path, read_report(run.path)), PRINTED)


class _Search:
    """The trials of one command; arguments as of `run_search`."""

    def __init__(
        self,
        invocation: Invocation,
        recipe: FinetuneRecipe,
        contents: Contents,
        train: Train,
        steps_of: Callable[[FinetuneRecipe], int],
    ) -> None:
        self._invocation = invocation
        self._recipe = recipe
        self._contents = contents
        self._train = train
        self._steps_of = steps_of
        self._path = Path(invocation.run)
        self._settings = plan_settings(recipe.search, recipe.train, recipe.seed)
        self._seeds = seeds_of(recipe.search, recipe.seed)

    def show_plan(self) -> None:
        """Prints the grid, what is drawn from it, and the steps of it all."""
        grid = make_grid(self._recipe.search, self._recipe.train)
        trials = len(self._settings) * len(self._seeds)
        steps = len(self._seeds) * sum(self._steps(setting) for setting in self._settings)
        axes = {
            "learning rate": [f"{setting.learning_rate:g}" for setting in grid],
            "batch size": [f"{setting.batch_size}" for setting in grid],
            "epochs": [f"{setting.epochs}" for setting in grid],
            "seed": [f"{seed}" for seed in self._seeds],
        }
        settings = f"{len(self._settings)}"
        if len(grid) > len(self._settings):
            settings += f" of {len(grid)}, drawn evenly by seed {self._recipe.seed} (search.max_trials)"
        margin = self._recipe.search.prune_margin
        pruning = (
            "none" if margin is None else f"a setting whose first seed is behind by more than {margin:g}"
        )
        console.plan(
            f"Search: at most {trials} trials, {steps:,} steps, written to {self._path}",
            ["", "values"],
            [(name, ", ".join(dict.fromkeys(values))) for name, values in axes.items()],
            {"settings": settings, "seeds of each": len(self._seeds), "given up": pruning},
            is_result=self._invocation.dry_run,
        )

    def run_trials(self) -> None:
        """Trains what is open, setting by setting.

        Raises:
            Interrupted: The person pressed Ctrl-C; all is saved.
            RunError: What one trial met would stop the others too.
        """
        report = self._refresh()
        while report.done < report.total:
            number, setting, trial = _first_open(report)
            if trial.seed != self._seeds[0] and self._ended_behind(setting):
                report = self._refresh()
                continue
            console.info(f"Trial {number} of {report.total}: {trial.name}")
            self._run_trial(setting, trial)
            report = self._refresh()
            _say(number, report)

    def finish(self, run: RunDir) -> None:
        """Writes final/: the model of the best trial of the setting of the best mean.

        Raises:
            RunError: No setting was trained to its end.
        """
        report = self._refresh()
        chosen = report.chosen
        if chosen is None:
            raise RunError(
                f"A search needs a setting whose seeds all train to their end. Received: none of "
                f"{len(report.results)} in {self._path}, {_counted(report)}",
                "Lower search.learning_rate and begin again with --fresh.",
            )
        best = Run.open(self._path / TRIALS / chosen.best_trial.name, ("finetune",)).final
        known = json.loads((best / SUMMARY).read_text(encoding="utf-8"))

        def write(directory: Path) -> None:
            for file in best.iterdir():
                if file.name not in (RECIPE, MANIFEST, SUMMARY):
                    shutil.copyfile(file, directory / file.name)
            over_seeds = {"score": chosen.mean, "deviation": chosen.deviation, "seeds": len(chosen.trials)}
            of_best = {"trial": chosen.best_trial.name, "trial_score": chosen.best_trial.score}
            write_summary(directory, known | over_seeds | of_best)

        run.finish(write)

    def _run_trial(self, setting: Setting, trial: TrialResult) -> None:
        path = self._path / TRIALS / trial.name
        recipe = self._recipe_of(setting, trial.seed)
        earlier = self._earlier(setting) if trial.seed == self._seeds[0] else []
        try:
            with open_run(replace(self._invocation, run=path, fresh=False), recipe, self._contents) as run:
                try:
                    # It may have been stopped between a validation and what follows from that.
                    self._require_ahead(path, setting, earlier)
                    self._train(recipe, run, lambda step: self._require_ahead(path, setting, earlier))
                except _Behind:
                    self._give_up(path, "pruned", setting)
        except Diverged as error:
            console.warning(error.message)
            self._give_up(path, "diverged", setting)
        except UserError as error:
            self._take_back(error)
            raise
        finally:
            keras.utils.clear_session()  # also collects networks and compiled steps, which are in cycles
        # final/ has the result, and nothing reads the checkpoints of a trial that is done.
        shutil.rmtree(path / CHECKPOINTS, ignore_errors=True)

    def _require_ahead(self, path: Path, setting: Setting, earlier: list[Scores]) -> None:
        """Ends a training that is clearly behind before its end; for `earlier` see `_earlier`."""
        scores = scores_of(path, self._steps(setting))
        is_over = bool(scores) and max(scores) >= 1
        if not is_over and is_behind(scores, earlier, self._recipe.search.prune_margin):
            raise _Behind

    def _ended_behind(self, setting: Setting) -> bool:
        """Whether the first seed of a setting was clearly behind at its end; then notes that no other follows."""
        first = self._path / TRIALS / setting.trial(self._seeds[0])
        scores = scores_of(first, self._steps(setting))
        is_ended = is_behind(scores, self._earlier(setting), self._recipe.search.prune_margin)
        if is_ended:
            self._give_up(first, BEHIND, setting)
            console.info(f"{first.name} ended clearly behind: its setting gets no other seeds")
        return is_ended

    def _earlier(self, setting: Setting) -> list[Scores]:
        """Scores of the first seeds of the settings before one, apart from those that diverged.

        First seeds alone, since the best of all seeds would rise with their number, by chance.
        """
        found = []
        for result in self._report().results[: self._settings.index(setting)]:
            first = result.trials[0]
            if first.state in ("complete", "pruned", BEHIND):
                found.append(scores_of(self._path / TRIALS / first.name, self._steps(result.setting)))
        return found

    def _give_up(self, path: Path, state: str, setting: Setting) -> None:
        best = max(scores_of(path, self._steps(setting)).values(), default=None)
        last = Journal(path / JOURNAL).last() or {}
        note = {"state": state, "score": best, "steps": last.get("step", 0)}
        replace_file(path / STOPPED, (json.dumps(note, indent=2) + "\n").encode())

    def _take_back(self, error: UserError) -> None:
        """Wrong input begins nothing: leaves a search without trials as its run directory can take it back."""
        if error.exit_code != UserError.exit_code:
            return
        trials = self._path / TRIALS
        if trials.is_dir():
            if any(trials.iterdir()):
                raise RunError(error.message, error.hint) from error
            trials.rmdir()
        (self._path / SEARCH).unlink(missing_ok=True)

    def _report(self) -> SearchReport:
        return collect_report(self._path, self._settings, self._seeds)

    def _refresh(self) -> SearchReport:
        """What the trials have found so far, also written to search.json."""
        report = self._report()
        write_report(self._path, report)
        return report

    def _recipe_of(self, setting: Setting, seed: int) -> FinetuneRecipe:
        """The recipe of a trial, which is that of an ordinary fine-tuning."""
        changes = {"seed": seed, "train": setting.applied_to(self._recipe.train), "search": None}
        return self._recipe.model_copy(update=changes)

    def _steps(self, setting: Setting) -> int:
        return self._steps_of(self._recipe_of(setting, self._recipe.seed))


def _first_open(report: SearchReport) -> tuple[int, Setting, TrialResult]:
    """The next trial to train, with its number among all."""
    trials = [(result.setting, trial) for result in report.results for trial in result.trials]
    return next((n, *found) for n, found in enumerate(trials, start=1) if found[1].state == "open")


def _say(number: int, report: SearchReport) -> None:
    trial = [trial for result in report.results for trial in result.trials][number - 1]
    reached = "" if trial.score is None else f", {report.score_name} {show_share(trial.score)}"
    console.info(f"Trial {number} of {report.total}: {trial.state}{reached} after {trial.steps:,} steps")


def _counted(report: SearchReport) -> str:
    states = [result.state for result in report.results]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
