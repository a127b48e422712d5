"""The trials of a search: trained, several at once or not, given up where they are clearly behind, gone on with."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.cluster.options import HERE, ClusterOptions
from mbert_cli.cluster.sharing import as_they_end
from mbert_cli.errors import Diverged, RunError, UserError
from mbert_cli.figures import counted, show_share
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import CHECKPOINTS, FINAL, JOURNAL, SEARCH, STOPPED, TRIALS
from mbert_cli.runs.manifest import replace_object
from mbert_cli.search.grid import ScoresByShare, SearchPlan, Setting
from mbert_cli.search.results import (
    BEHIND,
    GIVEN_UP,
    SearchReport,
    SettingResult,
    TrialResult,
    collect_report,
    note_of,
    scores_of,
    write_report,
)
from mbert_cli.search.verdicts import Course, Verdict, reach_verdicts

Watch = Callable[[int], None]
"""Told the steps done after each validation; ends the training by what it raises."""


Trial = tuple[Setting, int]
"""A setting and a seed."""
Trainer = Callable[[Trial], Sequence[str] | None]
"""Trains a trial, perhaps in another process; returns what it warned of there."""


class _Behind(Exception):
    """A trial is clearly behind, or the first seed of its setting was given up; ends its training."""


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
        self._at_work: set[Trial] = set()

    def run_open(
        self,
        cluster: ClusterOptions = HERE,
        trainer: Trainer | None = None,
        told: Callable[[int], None] = lambda step: None,
    ) -> None:
        """Trains what is open: setting by setting, or several trials at once.

        Args:
            cluster: Who trains.
            trainer: Trains a trial, where others do; it can be pickled.
            told: Told the steps of all trials that are done, again and again while others train.

        Raises:
            Interrupted: The person pressed Ctrl-C; all is saved.
            RunError: What one trial met would stop the others too.
        """

        def glance() -> None:
            told(self.steps_done())

        try:
            while (report := self.refresh()).done < report.total:
                self._at_work.clear()
                for _, trial, warnings in as_they_end(
                    trainer or self.train, self._to_begin(), cluster, glance
                ):
                    for warning in warnings or ():
                        self._work.warn(warning)
                    self._at_work.discard(trial)
                    self._work.say(_ending(self._number(trial), self.refresh()))
        except UserError as error:
            self._take_back(error)
            raise

    def refresh(self) -> SearchReport:
        """What the trials have found so far, also written to search.json; gives up what is seen to be behind."""
        self._settle()
        report = self._report()
        write_report(self._path, report)
        return report

    def steps_done(self) -> int:
        """Steps of all trials that need no more work, and those that the others have done."""
        done = 0
        for result in self._report().results:
            steps = self._work.steps_of(result.setting)
            for trial in result.trials:
                last = (
                    {} if trial.state != "open" else Journal(self._place(trial.name) / JOURNAL).last() or {}
                )
                done += last.get("step", 0) if trial.state == "open" else steps
        return done

    def train(self, trial: Trial) -> None:
        """Trains one trial, from where it stands, until its end or until it is clearly behind.

        Raises:
            UserError: What it met would stop the others too.
        """
        setting, seed = trial
        path = self._place(setting.trial(seed))
        try:
            with self._work.open_run(path, setting, seed) as run:
                try:
                    # It may have been stopped between a validation and what follows from that.
                    self._require_ahead(trial)
                    self._work.train(run, setting, seed, lambda step: self._require_ahead(trial))
                except _Behind:
                    if seed == self._plan.seeds[0]:
                        self._give_up(setting, "pruned", self._verdict(setting))
        except Diverged as error:
            self._work.warn(error.message)
            self._give_up(setting, "diverged", None, seed)
        finally:
            self._work.clear()
        # final/ has the result, and nothing reads the checkpoints of a trial that is done.
        shutil.rmtree(path / CHECKPOINTS, ignore_errors=True)

    def _to_begin(self) -> Iterator[Trial]:
        """The trials that are open, each when somebody is free to train it."""
        while (found := self._next()) is not None:
            number, trial = found
            self._at_work.add(trial)
            setting, seed = trial
            self._work.say(f"Trial {number} of {self._plan.num_trials}: {setting.trial(seed)}")
            yield trial

    def _next(self) -> tuple[int, Trial] | None:
        """The next trial with its number; last come seeds of a setting whose first seed may still be given up."""
        verdicts = dict(zip(self._plan.settings, self._verdicts(), strict=True))
        open_trials = [
            (
                number,
                (result.setting, trial.seed),
                self._is_needed(result.trials[0], trial, verdicts[result.setting]),
            )
            for number, (result, trial) in enumerate(self._in_order(self.refresh()), start=1)
            if trial.state == "open" and (result.setting, trial.seed) not in self._at_work
        ]
        needed = [entry for entry in open_trials if entry[2]] or open_trials
        return needed[0][:2] if needed else None

    def _is_needed(self, first: TrialResult, trial: TrialResult, verdict: Verdict) -> bool:
        """Whether a trial is trained whatever those do that train now."""
        return trial.seed == first.seed or (first.state == "complete" and verdict.is_final)

    def _require_ahead(self, trial: Trial) -> None:
        """Ends the training of a first seed that is clearly behind before its end, and of others with it."""
        setting, seed = trial
        verdict = self._verdict(setting)
        is_behind = verdict.behind_at is not None and verdict.behind_at < 1
        if seed != self._plan.seeds[0]:
            first = note_of(self._place(setting.trial(self._plan.seeds[0])))
            is_behind = verdict.behind_at is not None or first.get("state") in GIVEN_UP
        if is_behind:
            raise _Behind

    def _settle(self) -> None:
        """Notes which first seeds are given up, by what all have come to; those that train do so themselves."""
        seed = self._plan.seeds[0]
        for setting, verdict in zip(self._plan.settings, self._verdicts(), strict=True):
            if (setting, seed) in self._at_work:
                continue
            path = self._place(setting.trial(seed))
            noted, state = note_of(path).get("state"), self._state_of(verdict, path)
            if state is not None:
                if state == BEHIND != noted:
                    self._work.say(f"{path.name} ended clearly behind: its setting gets no other seeds")
                self._give_up(setting, state, verdict)
                shutil.rmtree(path / CHECKPOINTS, ignore_errors=True)
            elif verdict.is_final and noted in ("pruned", BEHIND):
                # It was compared with a training that diverged later, and is open again.
                (path / STOPPED).unlink()

    def _state_of(self, verdict: Verdict, path: Path) -> str | None:
        """How a first seed is given up by its verdict; None where it is not, or has yet to write its result."""
        if verdict.behind_at is None:
            return None
        if verdict.behind_at < 1:
            return "pruned"
        return BEHIND if len(self._plan.seeds) > 1 and (path / FINAL).is_dir() else None

    def _verdict(self, setting: Setting) -> Verdict:
        return self._verdicts()[self._plan.settings.index(setting)]

    def _verdicts(self) -> list[Verdict]:
        """Of the first seeds of all settings: of all seeds the best would rise with their number, by chance."""
        return reach_verdicts(
            [self._course(setting) for setting in self._plan.settings], self._plan.prune_margin
        )

    def _course(self, setting: Setting) -> Course:
        path = self._place(setting.trial(self._plan.seeds[0]))
        noted = note_of(path)
        is_over = bool(noted) or (path / FINAL).is_dir()
        return Course(self._scores(path, setting), is_over, noted.get("state") == "diverged")

    def _give_up(
        self, setting: Setting, state: str, verdict: Verdict | None, seed: int | None = None
    ) -> None:
        """Notes that a trial is given up: the first seed where its verdict says, another one where it is now."""
        path = self._place(setting.trial(self._plan.seeds[0] if seed is None else seed))
        last = (Journal(path / JOURNAL).last() or {}).get("step", 0)
        scores = self._scores(path, setting) if verdict is None else verdict.counted
        at = None if verdict is None else verdict.behind_at
        steps = last if at is None else round(at * self._work.steps_of(setting))
        note = {"state": state, "score": max(scores.values(), default=None), "steps": steps}
        if note != note_of(path):
            replace_object(path / STOPPED, note)

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

    def _place(self, trial: str) -> Path:
        return self._path / TRIALS / trial

    def _scores(self, path: Path, setting: Setting) -> ScoresByShare:
        return scores_of(path, self._work.steps_of(setting))

    def _report(self) -> SearchReport:
        return collect_report(self._path, self._plan.settings, self._plan.seeds)

    def _in_order(self, report: SearchReport) -> list[tuple[SettingResult, TrialResult]]:
        return [(result, trial) for result in report.results for trial in result.trials]

    def _number(self, trial: Trial) -> int:
        """The number of a trial among all, from 1."""
        setting, seed = trial
        place = self._plan.settings.index(setting) * len(self._plan.seeds)
        return place + self._plan.seeds.index(seed) + 1


def _ending(number: int, report: SearchReport) -> str:
    """How a trial ended."""
    trial = [trial for result in report.results for trial in result.trials][number - 1]
    reached = "" if trial.score is None else f", {report.score_name} {show_share(trial.score)}"
    return (
        f"Trial {number} of {report.total}: {trial.state}{reached} after {counted(trial.steps or 0, 'step')}"
    )
