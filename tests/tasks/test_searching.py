"""A search among fine-tunings: its trials are ordinary runs, and the best one's model is kept."""

import json
from pathlib import Path

import keras
import pytest

from mbert_cli.errors import Diverged, RunError, UserError
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.identity import PLACES
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import describe_run, recorded_recipe
from mbert_cli.search.grid import plan_search
from mbert_cli.search.results import read_report
from mbert_cli.tasks.searching import count_steps, run_search

SEARCH = Path("runs/s")
EPOCH = 10
SETTINGS = (
    "search.learning_rate=[0.3,0.1]", "search.seed=[0,1]", "train.epochs=2", "source=runs/student",
)  # fmt: skip
SCORES = {(0.3, 0): 0.80, (0.3, 1): 0.70, (0.1, 0): 0.82, (0.1, 1): 0.78}
"""By rate and seed."""


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keras.utils, "clear_session", lambda: None)  # there is nothing to clear, slowly


class Trainer:
    """Trains by table, and remembers rate and seed of each model that it trained.

    Args:
        before: Called with rate and seed before each.
    """

    def __init__(self, before=lambda *_: None):
        self.trained = []
        self._before = before

    def __call__(self, recipe, run, watch):
        rate, seed = recipe.train.optimizer.learning_rate, recipe.seed
        self._before(rate, seed)
        self.trained.append((rate, seed))
        steps = EPOCH * recipe.train.epochs
        with Journal(run.journal_path) as journal:
            journal.append({"step": steps, "validation/score": SCORES[rate, seed]})
        watch(steps)
        summary = {
            "score": SCORES[rate, seed],
            "score_name": "accuracy",
            "steps": steps,
            "best_step": float(steps),
        }

        def write(folder):
            (folder / "summary.json").write_text(json.dumps(summary))
            (folder / "weights.safetensors").write_text(f"{rate} {seed}")

        run.finish(write)


def steps_of(recipe):
    return EPOCH * recipe.train.epochs


def search(train, *settings):
    tried = {setting.partition("=")[0] for setting in settings}
    own = [setting for setting in SETTINGS if setting.partition("=")[0] not in tried]
    invocation = invoke("finetune", "quickstart", (*own, *settings), {}, run=SEARCH)
    recipe = invocation.loaded.recipe
    plan = plan_search(recipe.search, recipe.train, recipe.seed)
    run_search(invocation, recipe, {}, plan, train, steps_of)
    return read_report(SEARCH)


def raise_at(error, *place):
    def act(*now):
        if now == place:
            raise error

    return act


def test_a_trial_is_an_ordinary_run_of_the_recipe_with_its_values():
    search(Trainer())
    trial = SEARCH / "trials" / "learning_rate-0.1-batch_size-32-epochs-2-seed-1"
    invocation = invoke(
        "finetune", "quickstart", ("seed=1", "train.epochs=2", "train.optimizer.learning_rate=0.1",
                                   "source=runs/student"), {},
    )  # fmt: skip
    values = invocation.loaded.values()
    assert recorded_recipe(trial) == {key: value for key, value in values.items() if key not in PLACES}
    info = describe_run(trial)
    assert (info.kind, info.state, info.score) == ("finetune", "complete", 0.78)


def test_the_model_of_a_search_is_that_of_its_best_trial_and_its_score_the_mean():
    search(Trainer())
    name = "learning_rate-0.1-batch_size-32-epochs-2-seed-0"
    assert (SEARCH / "final/weights.safetensors").read_text() == "0.1 0"
    summary = json.loads((SEARCH / "final/summary.json").read_text())
    assert summary == {
        "score": pytest.approx(0.80), "deviation": pytest.approx(0.02 * 2**0.5), "seeds": 2,
        "score_name": "accuracy", "steps": 20, "best_step": 20.0, "trial": name, "trial_score": 0.82,
    }  # fmt: skip
    assert describe_run(SEARCH).trials == (4, 4)


def test_steps_are_those_of_all_trials():
    settings = ("search.learning_rate=[0.3,0.1]", "search.seed=[0,1]", "search.epochs=[2,5]")
    recipe = invoke("finetune", "quickstart", settings, {}, run=SEARCH).loaded.recipe
    plan = plan_search(recipe.search, recipe.train, recipe.seed)
    assert count_steps(plan, recipe, steps_of) == 2 * 2 * (20 + 50)


def test_a_complete_search_trains_nothing_and_says_so(capsys):
    search(Trainer())
    again = Trainer()
    search(again)
    assert not again.trained
    assert "runs/s is complete already" in capsys.readouterr().err


def test_another_grid_in_the_same_directory_is_refused():
    search(Trainer())
    with pytest.raises(UserError) as error:
        search(Trainer(), "search.learning_rate=[0.3,0.2]")
    assert error.value.message == (
        "A run directory belongs to one recipe. Received: another one for runs/s"
        "\n  search.learning_rate: [0.3, 0.2] (the run in runs/s has [0.3, 0.1])"
    )


def test_a_search_in_which_all_diverge_says_so():
    def diverge(*_):
        raise Diverged("A loss must stay finite.")

    for _ in range(2):  # the second time nothing is trained
        with pytest.raises(RunError) as error:
            search(Trainer(before=diverge))
        assert error.value.message == (
            "A search needs a setting whose seeds all train to their end. "
            "Received: none of 2 in runs/s, 2 diverged"
        )
        assert error.value.hint == "Lower search.learning_rate and begin again with --fresh."
    assert describe_run(SEARCH).state == "failed"


def test_wrong_input_at_the_first_trial_leaves_nothing_and_at_a_later_one_all_that_is_done():
    full = UserError("The disk must have room.", "Free space.")
    with pytest.raises(UserError) as error:
        search(Trainer(before=raise_at(full, 0.3, 0)))
    assert error.value.exit_code == 2
    assert not SEARCH.exists()
    with pytest.raises(UserError) as error:
        search(Trainer(before=raise_at(full, 0.3, 1)))
    assert (error.value.exit_code, error.value.message) == (1, "The disk must have room.")
    assert describe_run(SEARCH).trials == (1, 4)
    resumed = Trainer()
    search(resumed)
    assert (0.3, 0) not in resumed.trained
