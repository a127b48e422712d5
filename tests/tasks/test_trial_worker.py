"""Trials in processes of their own."""

import pickle
import threading
import time
from pathlib import Path

import pytest

from mbert_cli import console
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.lock import Lock
from mbert_cli.search.grid import plan_search
from mbert_cli.tasks.trial_worker import TrialWorker


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """That of a search in an empty folder."""
    monkeypatch.chdir(tmp_path)
    settings = ("search.seed=[0,1]", "train.optimizer.learning_rate=0.1", "source=runs/student")
    invocation = invoke("finetune", "quickstart", settings, {}, run=Path("runs/s"))
    recipe = invocation.recipe
    return TrialWorker(invocation, recipe, {}, plan_search(recipe.search, recipe.train, recipe.seed))


class Trials:
    """Notes what is trained."""

    def __init__(self):
        self.trained = []

    def train(self, trial):
        self.trained.append(trial)
        console.warning("A loss is high.")


def test_a_worker_travels_and_returns_what_it_warns_of_in_place_of_printing_it(worker, capsys):
    there = pickle.loads(pickle.dumps(worker))
    assert there == worker
    there.__dict__["_trials"] = trials = Trials()
    trial = worker.plan.settings[0], 1
    before = console._settings.quiet
    try:
        assert there(trial) == ["A loss is high."]
    finally:
        console.set_quiet(before)
    assert trials.trained == [trial]
    assert capsys.readouterr() == ("", "")


def test_a_worker_waits_for_the_one_of_a_killed_search_to_let_go(worker, monkeypatch):
    setting = worker.plan.settings[0]
    path = Path("runs/s/trials") / setting.trial(0)
    path.mkdir(parents=True)
    lock = Lock(path)
    threading.Timer(0.4, lock.release).start()
    worker.__dict__["_trials"] = Trials()
    began, before = time.monotonic(), console._settings.quiet
    try:
        worker((setting, 0))
    finally:
        console.set_quiet(before)
    assert time.monotonic() - began > 0.3
