"""What a search has found: read from its trials, kept in search.json, shown as a table."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.figures import show_score, show_share
from mbert_cli.json_text import read_json
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import FINAL, JOURNAL, SEARCH, STOPPED, SUMMARY, TRIALS
from mbert_cli.runs.manifest import replace_object
from mbert_cli.search.grid import ScoresByShare, Setting

VALIDATED = "validation/score"
"""The figure of a trial's log that decides."""

BEHIND = "behind"
"""State of a first seed that trained to its end and was clearly behind there."""

GIVEN_UP = ("pruned", BEHIND, "diverged")
"""States of a trial that keep its setting from further seeds."""


@dataclass(frozen=True)
class TrialResult:
    """How far one trial is.

    Attributes:
        name: Its directory's.
        seed: Its seed.
        state: `complete`; `pruned` or `diverged`, where the search gave it up; `behind`, where it trained to its
            end and its setting was given up; `skipped`, after one of its setting that was given up; else `open`.
        score: Its best; for a trial that was given up, its best until then.
        best_step: The steps after which a complete trial was best.
        steps: Steps of a complete trial; for one that was given up, those that it did.
        score_name: What the score is.
    """

    name: str
    seed: int
    state: str = "open"
    score: float | None = None
    best_step: int | None = None
    steps: int | None = None
    score_name: str | None = None


@dataclass(frozen=True)
class SettingResult:
    """A setting with its trials, one per seed."""

    setting: Setting
    trials: tuple[TrialResult, ...]

    @property
    def state(self) -> str:
        """`complete` when all trials are; `pruned`, `behind` or `diverged` when one is; else `open`."""
        states = [trial.state for trial in self.trials]
        if all(state == "complete" for state in states):
            return "complete"
        return next((state for state in states if state in GIVEN_UP), "open")

    @property
    def mean(self) -> float | None:
        """Mean score over the seeds; None unless all are complete, since the rest would flatter it."""
        return statistics.mean(self._scores) if self.state == "complete" else None

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the seeds as a sample, where there are several."""
        if self.state != "complete" or len(self.trials) == 1:
            return None
        return statistics.stdev(self._scores)

    @property
    def best_trial(self) -> TrialResult:
        """The trial of a complete setting with the best score, the first of equal ones."""
        return max(self.trials, key=lambda trial: rank(trial.score))

    @property
    def _scores(self) -> list[float]:
        return [trial.score for trial in self.trials if trial.score is not None]


@dataclass(frozen=True)
class SearchReport:
    """All settings of a search, in the order in which they are tried."""

    results: tuple[SettingResult, ...]

    @property
    def chosen(self) -> SettingResult | None:
        """The complete setting of the best mean, the first of equal ones; None where none is complete."""
        complete = [result for result in self.results if result.state == "complete"]
        return max(complete, key=lambda result: rank(result.mean), default=None)

    @property
    def score_name(self) -> str:
        """What the scores are."""
        names = (trial.score_name for result in self.results for trial in result.trials)
        return next(filter(None, names), "score")

    @property
    def done(self) -> int:
        """Trials that need no more work."""
        return sum(trial.state != "open" for result in self.results for trial in result.trials)

    @property
    def total(self) -> int:
        """All trials."""
        return sum(len(result.trials) for result in self.results)


def collect_report(search: Path, settings: Sequence[Setting], seeds: Sequence[int]) -> SearchReport:
    """Reads from the trials of a search how far each is.

    Args:
        search: The directory of the search.
        settings: Its settings, in order.
        seeds: The seeds of each.
    """
    results = []
    for setting in settings:
        trials: list[TrialResult] = []
        for seed in seeds:
            name = setting.trial(seed)
            given_up = any(trial.state in (*GIVEN_UP, "skipped") for trial in trials)
            trials.append(
                TrialResult(name, seed, "skipped") if given_up else _read_trial(search / TRIALS / name, seed)
            )
        results.append(SettingResult(setting, tuple(trials)))
    return SearchReport(tuple(results))


def write_report(search: Path, report: SearchReport) -> None:
    """Writes search.json, for `mbert runs` and for other programs."""
    replace_object(search / SEARCH, search_record(report))


def search_record(report: SearchReport) -> dict[str, Any]:
    """What a search has found, as search.json holds it."""
    chosen = report.chosen
    return {
        "trials": {"done": report.done, "total": report.total},
        "score_name": report.score_name,
        "chosen": chosen and {
            **asdict(chosen.setting), "mean": chosen.mean, "deviation": chosen.deviation,
            "trial": chosen.best_trial.name, "trial_score": chosen.best_trial.score,
        },
        "settings": [
            {**asdict(result.setting), "state": result.state, "mean": result.mean,
             "deviation": result.deviation, "trials": [asdict(trial) for trial in result.trials]}
            for result in report.results
        ],
    }  # fmt: skip


def read_report(search: Path) -> SearchReport:
    """Reads search.json.

    Raises:
        UserError: It cannot be read.
    """
    try:
        content = read_json(search / SEARCH)
        return SearchReport(
            tuple(
                SettingResult(
                    Setting(entry["learning_rate"], entry["batch_size"], entry["epochs"]),
                    tuple(TrialResult(**trial) for trial in entry["trials"]),
                )
                for entry in content["settings"]
            )
        )
    except (OSError, ValueError, LookupError, TypeError):
        raise UserError(
            f"A search must have a {SEARCH} that can be read. Received: {search / SEARCH}",
            "Restore it from a copy.",
        ) from None


def scores_of(trial: Path, steps: int) -> ScoresByShare:
    """The scores that a trial's log holds, by the share of its training that was done.

    Args:
        trial: Its directory.
        steps: Steps of its whole training.
    """
    records = Journal(trial / JOURNAL).read()
    return {record["step"] / steps: float(record[VALIDATED]) for record in records if VALIDATED in record}


def note_of(trial: Path) -> dict[str, Any]:
    """What is noted of a trial that was given up: state, score, steps; empty where it was not."""
    return _read(trial / STOPPED)


def _read_trial(path: Path, seed: int) -> TrialResult:
    summary, stopped = _read(path / FINAL / SUMMARY), note_of(path)
    if summary and not stopped:
        return TrialResult(
            path.name, seed, "complete", summary["score"], int(summary["best_step"]), summary["steps"],
            summary["score_name"],
        )  # fmt: skip
    return TrialResult(path.name, seed, **stopped) if stopped else TrialResult(path.name, seed)


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def rank(score: float | None) -> float:
    """Orders scores; one that is missing or not a number is behind all others."""
    return -math.inf if score is None or math.isnan(score) else score


def describe_choice(search: Path, report: SearchReport) -> str:
    """Says which trial's model a complete search stands for, and what to expect of it; empty where it chose none."""
    chosen = report.chosen
    if chosen is None:
        return ""
    trial = chosen.best_trial
    said = f"The model of {search} is that of {TRIALS}/{trial.name}, {show_score(report.score_name, trial.score)}"
    if chosen.mean is None or chosen.deviation is None:
        return said
    return (
        f"{said}, the best of {len(chosen.trials)} seeds; their mean is "
        f"{show_share(chosen.mean, chosen.deviation)}"
    )


def describe_states(report: SearchReport) -> str:
    """How many settings are in which state: `2 pruned, 1 diverged`."""
    states = [result.state for result in report.results]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
