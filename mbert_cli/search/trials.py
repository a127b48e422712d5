"""The trials of a search: trained one after the other, given up where they are clearly behind, gone on with."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.errors import Diverged, RunError, UserError
from mbert_cli.figures import counted, show_share
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import CHECKPOINTS, JOURNAL, SEARCH, STOPPED, TRIALS
from mbert_cli.runs.manifest import replace_file
from mbert_cli.search.grid import ScoresByShare, SearchPlan, Setting, is_behind
from mbert_cli.search.results import (
    BEHIND,
    SearchReport,
    TrialResult,
    collect_report,
    scores_of,
    write_report,
)

Watch = Callable[[int], None]
"""Told the steps done after each validation; ends the training by what it raises."""


class _Behind(Exception):
    """A trial is clearly behind; ends its training."""


@dataclass(frozen=True)
class TrialWork:
    """What a search leaves to those who know how a model is trained.

    Attributes:
        open_run: Directory, setting and seed of a trial -> its run, begun or continued.
        train: Trains the model of a trial in its run, from where that stands, and writes final/.
        steps_of: Setting -> the steps of its whole training.
        clear: Called after each trial, to free what it took.
        say: Told what happens.
        warn: Told what a person should know although the search goes on.
    """

    open_run: Callable[[Path, Setting, int], RunDir]
    train: Callable[[RunDir, Setting, int, Watch], object]
    steps_of: Callable[[Setting], int]
    clear: Callable[[], None]
    say: Callable[[str], None]
    warn: Callable[[str], None]


class Trials:
    """The trials of one search.

    Args:
        path: Its directory.
        plan: What is tried.
        work: What trains a trial.
    """

    def __init__(self, path: Path, plan: SearchPlan, work: TrialWork) -> None:
        self._path = path
        self._plan = plan
        self._work = work

    def run_open(self) -> None:
        """Trains what is open, setting by setting.

        Raises:
            Interrupted: The person pressed Ctrl-C; all is saved.
            RunError: What one trial met would stop the others too.
        """
        report = self.refresh()
        while report.done < report.total:
            number, setting, trial = _first_open(report)
            if trial.seed != self._plan.seeds[0] and self._ended_behind(setting):
                report = self.refresh()
                continue
            self._work.say(f"Trial {number} of {report.total}: {trial.name}")
            self._run_trial(setting, trial)
            report = self.refresh()
            self._work.say(_ending(number, report))

    def refresh(self) -> SearchReport:
        """What the trials have found so far, also written to search.json."""
        report = self._report()
        write_report(self._path, report)
        return report

    def _run_trial(self, setting: Setting, trial: TrialResult) -> None:
        path = self._path / TRIALS / trial.name
        earlier = self._earlier(setting) if trial.seed == self._plan.seeds[0] else []

        def watch(step: int) -> None:
            self._require_ahead(path, setting, earlier)

        try:
            with self._work.open_run(path, setting, trial.seed) as run:
                try:
                    # It may have been stopped between a validation and what follows from that.
                    self._require_ahead(path, setting, earlier)
                    self._work.train(run, setting, trial.seed, watch)
                except _Behind:
                    self._give_up(path, "pruned", setting)
        except Diverged as error:
            self._work.warn(error.message)
            self._give_up(path, "diverged", setting)
        except UserError as error:
            self._take_back(error)
            raise
        finally:
            self._work.clear()
        # final/ has the result, and nothing reads the checkpoints of a trial that is done.
        shutil.rmtree(path / CHECKPOINTS, ignore_errors=True)

    def _require_ahead(self, path: Path, setting: Setting, earlier: list[ScoresByShare]) -> None:
        """Ends a training that is clearly behind before its end; for `earlier` see `_earlier`."""
        scores = self._scores(path, setting)
        is_over = bool(scores) and max(scores) >= 1
        if not is_over and is_behind(scores, earlier, self._plan.prune_margin):
            raise _Behind

    def _ended_behind(self, setting: Setting) -> bool:
        """Whether the first seed of a setting was clearly behind at its end; then notes that no other follows."""
        first = self._path / TRIALS / setting.trial(self._plan.seeds[0])
        scores = self._scores(first, setting)
        is_ended = is_behind(scores, self._earlier(setting), self._plan.prune_margin)
        if is_ended:
            self._give_up(first, BEHIND, setting)
            self._work.say(f"{first.name} ended clearly behind: its setting gets no other seeds")
        return is_ended

    def _earlier(self, setting: Setting) -> list[ScoresByShare]:
        """Scores of the first seeds of the settings before one, apart from those that diverged.

        First seeds alone, since the best of all seeds would rise with their number, by chance.
        """
        found = []
        for result in self._report().results[: self._plan.settings.index(setting)]:
            first = result.trials[0]
            if first.state in ("complete", "pruned", BEHIND):
                found.append(self._scores(self._path / TRIALS / first.name, result.setting))
        return found

    def _give_up(self, path: Path, state: str, setting: Setting) -> None:
        best = max(self._scores(path, setting).values(), default=None)
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

    def _scores(self, path: Path, setting: Setting) -> ScoresByShare:
        return scores_of(path, self._work.steps_of(setting))

    def _report(self) -> SearchReport:
        return collect_report(self._path, self._plan.settings, self._plan.seeds)


def _first_open(report: SearchReport) -> tuple[int, Setting, TrialResult]:
    """The next trial to train, with its number among all."""
    trials = [(result.setting, trial) for result in report.results for trial in result.trials]
    return next((n, *found) for n, found in enumerate(trials, start=1) if found[1].state == "open")


def _ending(number: int, report: SearchReport) -> str:
    """How a trial ended."""
    trial = [trial for result in report.results for trial in result.trials][number - 1]
    reached = "" if trial.score is None else f", {report.score_name} {show_share(trial.score)}"
    return (
        f"Trial {number} of {report.total}: {trial.state}{reached} after {counted(trial.steps or 0, 'step')}"
    )
