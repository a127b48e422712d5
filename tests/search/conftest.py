"""A search whose training is a table of scores."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.cluster.options import HERE, ClusterOptions
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.journal import Journal
from mbert_cli.search.grid import SearchPlan, Setting
from mbert_cli.search.results import SearchReport
from mbert_cli.search.trials import Trials, TrialWork, Watch

EPOCH = 10

Act = Callable[[float, int, int], None]
"""Told rate, seed and epoch."""


def nothing(rate: float, seed: int, epoch: int) -> None:
    """Does nothing."""


class TableSearch:
    """Trains by table, from where a run stands, and remembers each epoch that it trained.

    Attributes:
        path: Directory of the search.
        scores: Rate and seed -> the score after each epoch.
        epochs: Rate, seed and epoch of each that was trained.
        said: What was said and warned of.
        before: Called before each epoch.
        after: And after its validation is in the log.
    """

    path = Path("runs/s")
    scores = {
        (0.3, 0): [0.70, 0.80], (0.3, 1): [0.60, 0.70],
        (0.2, 0): [0.60, 0.99], (0.2, 1): [0.60, 0.99],
        (0.1, 0): [0.66, 0.82], (0.1, 1): [0.10, 0.78],
    }  # fmt: skip

    def __init__(self, before: Act = nothing, after: Act = nothing) -> None:
        self.epochs: list[tuple[float, int, int]] = []
        self.said: list[str] = []
        self.before, self.after = before, after

    def run(
        self,
        rates: tuple[float, ...] = (0.3, 0.2, 0.1),
        seeds: tuple[int, ...] = (0, 1),
        margin: float | None = 0.05,
        cluster: ClusterOptions = HERE,
    ) -> SearchReport:
        """Trains what is open."""
        self.trials = self._trials(rates, seeds, margin)
        self.trials.run_open(cluster, self.trials.train)
        return self.trials.refresh()

    def train_one(self, rate: float, seed: int) -> None:
        """Trains one trial of a search that others work on too."""
        self._trials().train((Setting(rate, 32, 2), seed))

    def _trials(
        self,
        rates: tuple[float, ...] = (0.3, 0.2, 0.1),
        seeds: tuple[int, ...] = (0, 1),
        margin: float | None = 0.05,
    ) -> Trials:
        settings = [Setting(rate, 32, 2) for rate in rates]
        work = TrialWork(
            self._open, self._train, lambda setting: EPOCH * setting.epochs, self.clear, self.said.append,
            self.said.append,
        )  # fmt: skip
        self.path.mkdir(parents=True, exist_ok=True)
        return Trials(self.path, SearchPlan(settings, settings, seeds, 0, margin), work)

    def clear(self) -> None:
        """There is nothing to free."""

    def _open(self, path: Path, setting: Setting, seed: int) -> RunDir:
        recipe = {"rate": setting.learning_rate, "seed": seed}
        return RunDir.open(
            path, "finetune", recipe, fresh=False, origin={"started": "2026-01-02T12:00:00+00:00"}
        )

    def _train(self, run: RunDir, setting: Setting, seed: int, watch: Watch) -> None:
        rate = setting.learning_rate
        scores = self.scores[rate, seed]
        for epoch in range(len(Journal(run.journal_path).read()), setting.epochs):
            self.before(rate, seed, epoch)
            (run.checkpoints / "step-000001").mkdir(parents=True, exist_ok=True)
            self.epochs.append((rate, seed, epoch))
            step = EPOCH * (epoch + 1)
            with Journal(run.journal_path) as journal:
                journal.append({"step": step, "validation/score": scores[epoch]})
            self.after(rate, seed, epoch)
            watch(step)
        summary = {"score": max(scores), "score_name": "accuracy", "steps": 20, "best_step": 20.0}
        run.finish(lambda folder: (folder / "summary.json").write_text(json.dumps(summary)))


@pytest.fixture
def table_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[TableSearch]:
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)
    return TableSearch
