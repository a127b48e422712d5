"""A search: what it trains, gives up, keeps and chooses. The training itself is a table of scores."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import keras
import pytest

from mbert_cli.commands.runs import RunsCommand
from mbert_cli.commands.runs import run as show_runs
from mbert_cli.commands.search import run_search
from mbert_cli.errors import Diverged, Interrupted, RunError, UserError
from mbert_cli.recipe.invocation import invoke
from mbert_cli.recipe.loading import load
from mbert_cli.report import run_table
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import describe_run, list_runs, recorded_recipe
from mbert_cli.search.results import describe_choice, read_report

SEARCH = Path("runs/s")
EPOCH = 10
SETTINGS = (
    "search.learning_rate=[0.3,0.2,0.1]",
    "search.seed=[0,1]",
    "train.epochs=2",
    "source=runs/student",
)

SCORES = {
    # rate, seed: the score after each epoch
    (0.3, 0): [0.70, 0.80], (0.3, 1): [0.60, 0.70],
    (0.2, 0): [0.60, 0.99], (0.2, 1): [0.60, 0.99],
    (0.1, 0): [0.66, 0.82], (0.1, 1): [0.10, 0.78],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keras.utils, "clear_session", lambda: None)  # there is nothing to clear, slowly


class Trainer:
    """Trains by table, from where a run stands, and remembers each epoch that it trained.

    Args:
        before: Called with recipe and epoch before each one.
        after: And after its validation is in the log.
    """

    def __init__(self, before: Callable = lambda *_: None, after: Callable = lambda *_: None) -> None:
        self.epochs: list[tuple[float, int, int]] = []
        self._before, self._after = before, after

    def __call__(self, recipe, run, watch) -> None:
        rate, seed = recipe.train.optimizer.learning_rate, recipe.seed
        scores = SCORES[rate, seed]
        for epoch in range(len(Journal(run.journal_path).read()), recipe.train.epochs):
            self._before(recipe, epoch)
            (run.checkpoints / "step-000001").mkdir(parents=True, exist_ok=True)
            self.epochs.append((rate, seed, epoch))
            record = {"step": EPOCH * (epoch + 1), "validation/score": scores[epoch]}
            with Journal(run.journal_path) as journal:
                journal.append(record)
            self._after(recipe, epoch)
            watch(record["step"])
        summary = {"score": max(scores), "score_name": "accuracy", "steps": 20, "best_step": 20.0}

        def write(folder):
            (folder / "summary.json").write_text(json.dumps(summary))
            (folder / "weights.safetensors").write_text(f"{rate} {seed}")

        run.finish(write)


def search(train, *settings, name="quickstart", **typed):
    tried = {setting.partition("=")[0].replace("search.", "train.") for setting in settings}
    own = [setting for setting in SETTINGS if setting.partition("=")[0] not in tried]
    invocation = invoke("finetune", name, (*own, *settings), {}, run=SEARCH, **typed)
    recipe = invocation.loaded.recipe
    run_search(invocation, recipe, {}, train, lambda trial: EPOCH * trial.train.epochs)
    return read_report(SEARCH) if SEARCH.exists() else None


def states(report):
    return {
        (result.setting.learning_rate, trial.seed): trial.state
        for result in report.results
        for trial in result.trials
    }


def files_of(folder):
    """Bytes of every result and of the report, without the moments at which they were written."""
    found = [*folder.rglob("final/*"), folder / "search.json"]
    return {path.relative_to(folder): path.read_bytes() for path in found if path.name != "manifest.json"}


def lines(capsys):
    printed = capsys.readouterr()
    return [re.sub(" +", " ", line).strip() for line in printed.out.splitlines()], printed.err


def raise_at(error, rate, seed, epoch):
    def act(recipe, now):
        if (recipe.train.optimizer.learning_rate, recipe.seed, now) == (rate, seed, epoch):
            raise error

    return act


def test_the_setting_of_the_best_mean_is_chosen_and_what_is_clearly_behind_is_given_up(capsys):
    train = Trainer()
    report = search(train)
    # 0.2 would have been the best; after one of its epochs it is 0.1 behind 0.3. Second seeds are not given up.
    assert train.epochs == [
        (0.3, 0, 0), (0.3, 0, 1), (0.3, 1, 0), (0.3, 1, 1), (0.2, 0, 0),
        (0.1, 0, 0), (0.1, 0, 1), (0.1, 1, 0), (0.1, 1, 1),
    ]  # fmt: skip
    assert states(report)[0.2, 0] == "pruned"
    given_up = describe_run(SEARCH / "trials" / "learning_rate-0.2-batch_size-32-epochs-2-seed-0")
    assert (given_up.state, given_up.steps) == ("pruned", 10)
    assert states(report)[0.2, 1] == "skipped"
    assert report.chosen.mean == pytest.approx(0.80)
    assert report.chosen.deviation == pytest.approx(0.02 * 2**0.5)
    out, _ = lines(capsys)
    assert out[0] == "search: runs/s"
    assert out[1] == "learning rate batch size epochs seeds accuracy best after steps outcome"
    assert out[3:6] == [
        "0.1 32 2 2 of 2 80.00% ± 2.83% 20, 20 chosen",
        "0.3 32 2 2 of 2 75.00% ± 7.07% 20, 20",
        "0.2 32 2 0 of 2 pruned at 60.00% after 10 steps",
    ]
    name = "learning_rate-0.1-batch_size-32-epochs-2-seed-0"
    choice = f"The model of runs/s is that of trials/{name}, accuracy 82.00%, the best of 2 seeds"
    assert out[7:] == [
        f"{choice}; their mean is 80.00% ± 2.83%",
        (
            "Scores are means over the seeds ± their standard deviation. "
            "The best of many is flattered by chance: of new text expect less."
        ),
    ]
    assert (SEARCH / "final/weights.safetensors").read_text() == "0.1 0"
    summary = json.loads((SEARCH / "final/summary.json").read_text())
    assert (summary["score"], summary["trial_score"], summary["trial"]) == (pytest.approx(0.8), 0.82, name)


def test_a_trial_is_an_ordinary_run_of_the_recipe_with_its_values():
    search(Trainer())
    trial = SEARCH / "trials" / "learning_rate-0.1-batch_size-32-epochs-2-seed-1"
    invocation = invoke(
        "finetune", "quickstart", ("seed=1", "train.epochs=2", "train.optimizer.learning_rate=0.1",
                                   "source=runs/student"), {},
    )  # fmt: skip
    assert recorded_recipe(trial) == invocation.loaded.values()
    info = describe_run(trial)
    assert (info.verb, info.state, info.score) == ("finetune", "complete", 0.78)
    assert not (trial / "checkpoints").exists()
    assert not (trial / "lock").exists()


BEHIND = {**SCORES, (0.1, 0): [0.70, 0.74]}
"""With 0.1 level until its end, where it is 0.06 behind."""


def test_a_setting_whose_first_seed_ends_clearly_behind_gets_no_other_seeds(monkeypatch, capsys):
    monkeypatch.setitem(SCORES, (0.1, 0), BEHIND[0.1, 0])
    train = Trainer()
    report = search(train)
    assert [epoch for epoch in train.epochs if epoch[0] == 0.1] == [(0.1, 0, 0), (0.1, 0, 1)]
    assert (states(report)[0.1, 0], states(report)[0.1, 1]) == ("behind", "skipped")
    assert report.chosen.setting.learning_rate == 0.3
    trial = SEARCH / "trials" / "learning_rate-0.1-batch_size-32-epochs-2-seed-0"
    assert describe_run(trial).state == "complete"  # an ordinary run, with its result
    out, err = lines(capsys)
    assert any(line.startswith("0.1 32 2 0 of 2 behind at ") and "after 20 steps" in line for line in out)
    assert f"{trial.name} ended clearly behind: its setting gets no other seeds" in err
    again = Trainer()
    search(again)
    assert not again.epochs


def test_a_search_that_is_stopped_after_a_first_seed_ended_behind_goes_on_and_finds_the_same(monkeypatch):
    monkeypatch.setitem(SCORES, (0.1, 0), BEHIND[0.1, 0])
    search(Trainer())
    expected = files_of(SEARCH)
    SEARCH.rename("runs/whole")
    with pytest.raises(Interrupted):
        search(Trainer(after=raise_at(Interrupted("Stopped", ""), 0.1, 0, 1)))
    search(Trainer())
    assert files_of(SEARCH) == expected


def test_one_seed_a_setting_is_never_behind_at_its_end(monkeypatch):
    monkeypatch.setitem(SCORES, (0.1, 0), BEHIND[0.1, 0])
    assert states(search(Trainer(), "search.seed=[0]"))[0.1, 0] == "complete"


def test_without_a_margin_nothing_is_given_up():
    report = search(Trainer(), "search.prune_margin=null")
    assert set(states(report).values()) == {"complete"}
    assert report.chosen.setting.learning_rate == 0.2


def test_the_plan_names_grid_cap_and_steps_and_a_dry_run_writes_nothing(capsys):
    train = Trainer()
    search(train, "search.max_trials=4", "search.epochs=[2,5]", dry_run=True)
    out, _ = lines(capsys)
    assert re.fullmatch(r"Search: at most 4 trials, \d+ steps, written to runs/s", out[0])
    assert out[3:7] == ["learning rate 0.3, 0.2, 0.1", "batch size 32", "epochs 2, 5", "seed 0, 1"]
    assert out[8:] == [
        "settings: 2 of 6, drawn evenly by seed 0 (search.max_trials)",
        "seeds of each: 2",
        "given up: a setting whose first seed is behind by more than 0.05",
    ]
    assert not train.epochs
    assert not SEARCH.exists()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("place", [(0.3, 0, 1), (0.2, 0, 0), (0.1, 1, 0)])
def test_a_search_that_is_stopped_anywhere_goes_on_and_finds_the_same(moment, place, capsys):
    search(Trainer())
    expected = files_of(SEARCH)
    SEARCH.rename("runs/whole")
    stopped = Trainer(**{moment: raise_at(Interrupted("Stopped", ""), *place)})
    with pytest.raises(Interrupted):
        search(stopped)
    info = describe_run(SEARCH)
    assert (info.state, info.score, info.trials[1]) == ("interrupted", None, 6)
    assert not list(SEARCH.rglob("lock"))
    assert not list(SEARCH.rglob("failed.json"))
    resumed = Trainer()
    search(resumed)
    assert files_of(SEARCH) == expected
    # No epoch is trained twice; the one that was to follow a lost decision is not trained at all.
    assert len({*stopped.epochs, *resumed.epochs}) == len(stopped.epochs) + len(resumed.epochs) == 9


def test_a_complete_search_only_shows_its_table(capsys):
    search(Trainer())
    capsys.readouterr()
    again = Trainer()
    search(again)
    out, err = lines(capsys)
    assert not again.epochs
    assert out[3] == "0.1 32 2 2 of 2 80.00% ± 2.83% 20, 20 chosen"
    assert "runs/s is complete already" in err


def test_another_grid_in_the_same_directory_is_refused():
    search(Trainer())
    with pytest.raises(UserError) as error:
        search(Trainer(), "search.learning_rate=[0.3,0.2]")
    assert error.value.message == (
        "A run directory belongs to one recipe. Received: another one for runs/s"
        "\n  search.learning_rate: [0.3, 0.2] (the run in runs/s has [0.3, 0.2, 0.1])"
    )


def test_a_setting_with_a_seed_that_diverges_is_out_and_the_search_goes_on(capsys):
    report = search(Trainer(before=raise_at(Diverged("A loss must stay finite."), 0.1, 0, 1)))
    assert (states(report)[0.1, 0], states(report)[0.1, 1]) == ("diverged", "skipped")
    assert report.chosen.setting.learning_rate == 0.3
    out, err = lines(capsys)
    assert "0.1 32 2 0 of 2 diverged at 66.00% after 10 steps" in out
    assert "Warning: A loss must stay finite." in err


def test_a_search_in_which_all_diverge_says_so():
    def diverge(*_):
        raise Diverged("A loss must stay finite.")

    for _ in range(2):  # the second time nothing is trained
        with pytest.raises(RunError) as error:
            search(Trainer(before=diverge))
        assert error.value.message == (
            "A search needs a setting whose seeds all train to their end. "
            "Received: none of 3 in runs/s, 3 diverged"
        )
        assert error.value.hint == "Lower search.learning_rate and begin again with --fresh."
    assert describe_run(SEARCH).state == "failed"


def test_wrong_input_at_the_first_trial_leaves_nothing_and_at_a_later_one_all_that_is_done():
    full = UserError("The disk must have room.", "Free space.")
    with pytest.raises(UserError) as error:
        search(Trainer(before=raise_at(full, 0.3, 0, 0)))
    assert error.value.exit_code == 2
    assert not SEARCH.exists()
    with pytest.raises(UserError) as error:
        search(Trainer(before=raise_at(full, 0.3, 1, 0)))
    assert (error.value.exit_code, error.value.message) == (1, "The disk must have room.")
    assert describe_run(SEARCH).trials == (1, 6)
    resumed = Trainer()
    search(resumed)
    assert (0.3, 0, 0) not in resumed.epochs


def test_the_pages_of_runs_show_a_search_as_one_run_and_its_table(capsys, monkeypatch):
    monkeypatch.setattr(run_table, "format_bytes", lambda size: "1 MB")
    search(Trainer())
    capsys.readouterr()
    show_runs(RunsCommand(Path("runs")))
    (row,) = [line for line in lines(capsys)[0] if line.startswith("s ")]
    assert row.startswith("s finetune complete 6 of 6 trials 1 MB accuracy 80.00% ± 2.83% 2")
    show_runs(RunsCommand(SEARCH))
    assert "0.1 32 2 2 of 2 80.00% ± 2.83% 20, 20 chosen" in lines(capsys)[0]
    assert [info.path.name for info in list_runs(Path("runs"))] == ["s"]
    Path("runs/student").mkdir()
    Path("runs/student/recipe.yaml").write_text("seed: 0\n")
    show_runs(RunsCommand(Path("runs"), chain=True))
    assert "s student 0 80.00% ± 2.83% accuracy" in lines(capsys)[0]


def test_in_the_table_of_glue_a_search_counts_with_the_seeds_of_its_setting(capsys):
    search(Trainer(), "task={source: glue, name: mnli}")
    capsys.readouterr()
    show_runs(RunsCommand(Path("runs"), glue=True))
    assert "student 80.0 ± 2.8 80.0 80.0" in lines(capsys)[0]
    for seed in (0, 1):
        report = SEARCH / f"trials/learning_rate-0.1-batch_size-32-epochs-2-seed-{seed}/eval"
        report.mkdir()
        (report / "validation_mismatched.json").write_text(json.dumps({"score": 0.6}))
        show_runs(RunsCommand(Path("runs"), glue=True))
        # The second set counts once all seeds were scored on it.
        assert f"student {('80.0 ± 2.8 80.0 80.0', '70.0 ± 1.4 70.0 70.0')[seed]}" in lines(capsys)[0]


def test_a_report_that_cannot_be_read_is_told():
    search(Trainer())
    (SEARCH / "search.json").write_text("{}")
    with pytest.raises(UserError) as error:
        read_report(SEARCH)
    assert (error.value.message, error.value.hint) == (
        "A search must have a search.json that can be read. Received: runs/s/search.json",
        "Restore it from a copy.",
    )


def test_with_one_seed_no_deviation_is_claimed(capsys):
    report = search(Trainer(), "search.seed=null")
    assert report.chosen.deviation is None
    out, _ = lines(capsys)
    assert out[3] == "0.1 32 2 1 of 1 82.00% 20 chosen"
    assert out[-1].startswith("With one seed no deviation is known: search.seed takes several.")
    assert describe_choice(SEARCH, report).endswith("seed-0, accuracy 82.00%")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "search.learning_rate=[]",
            "search.learning_rate must be a list of numbers above 0, at least 1 of them, or null. Received: []",
        ),
        (
            "search.learning_rate=[-0.5]",
            "search.learning_rate must be a list of numbers above 0, at least 1 of them, or null. Received: [-0.5]",
        ),
        ("search.learning_rate=[1e-4, 0.0001]", "search.learning_rate: values must be distinct. Received: 0.0001, 0.0001"),
        ("search.max_trials=3", "search: learning_rate, batch_size, epochs or seed must list what is tried"),
        ("search={seed: [0, 1, 2], max_trials: 2}", "search: max_trials (2) must be at least the number of seeds (3)"),
    ],
)  # fmt: skip
def test_a_search_with_a_mistake_is_refused(setting, message):
    with pytest.raises(UserError) as error:
        load("finetune", "quickstart", [setting])
    assert error.value.message == f"--set: {message}"
