"""What a search has found: read from its trials, and from search.json."""

import json
import math
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.search.grid import Setting
from mbert_cli.search.results import (
    SearchReport,
    SettingResult,
    TrialResult,
    collect_report,
    describe_choice,
    describe_states,
    rank,
    read_report,
    scores_of,
    write_report,
)

SETTINGS = [Setting(rate, 32, 2) for rate in (0.3, 0.2)]


def complete(name: str, seed: int, score: float) -> TrialResult:
    return TrialResult(name, seed, "complete", score, 20, 20, "accuracy")


@pytest.fixture
def report() -> SearchReport:
    first = SettingResult(SETTINGS[0], (complete("a", 0, 0.8), complete("b", 1, 0.7)))
    second = SettingResult(
        SETTINGS[1], (TrialResult("c", 0, "pruned", 0.6, steps=10), TrialResult("d", 1, "skipped"))
    )
    return SearchReport((first, second))


def test_a_report_is_read_as_it_was_written(report, tmp_path):
    write_report(tmp_path, report)
    assert read_report(tmp_path) == report
    content = json.loads((tmp_path / "search.json").read_text())
    assert content["trials"] == {"done": 4, "total": 4}
    assert content["chosen"] == {
        "learning_rate": 0.3, "batch_size": 32, "epochs": 2, "mean": 0.75, "deviation": pytest.approx(0.1 / 2**0.5),
        "trial": "a", "trial_score": 0.8,
    }  # fmt: skip


def test_a_report_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "search.json").write_text("{}")
    with pytest.raises(UserError) as error:
        read_report(tmp_path)
    assert (error.value.message, error.value.hint) == (
        f"A search must have a search.json that can be read. Received: {tmp_path}/search.json",
        "Restore it from a copy.",
    )


def test_what_was_not_trained_to_its_end_has_no_mean_and_is_not_chosen(report):
    assert [result.state for result in report.results] == ["complete", "pruned"]
    assert report.results[1].mean is None
    assert report.chosen is report.results[0]
    assert report.score_name == "accuracy"
    assert describe_states(report) == "1 complete, 1 pruned"


def test_a_trial_is_read_from_its_directory_and_one_after_a_given_up_seed_is_skipped(tmp_path):
    folders = [tmp_path / "trials" / setting.trial(seed) for setting in SETTINGS for seed in (0, 1)]
    (folders[0] / "final").mkdir(parents=True)
    summary = {"score": 0.8, "score_name": "accuracy", "steps": 20, "best_step": 10.0}
    (folders[0] / "final/summary.json").write_text(json.dumps(summary))
    folders[2].mkdir()
    (folders[2] / "stopped.json").write_text(json.dumps({"state": "diverged", "score": None, "steps": 3}))
    found = [
        trial for result in collect_report(tmp_path, SETTINGS, [0, 1]).results for trial in result.trials
    ]
    assert [(trial.state, trial.score, trial.best_step, trial.steps) for trial in found] == [
        ("complete", 0.8, 10, 20), ("open", None, None, None), ("diverged", None, None, 3), ("skipped", None, None, None),
    ]  # fmt: skip


def test_scores_stand_at_their_share_of_the_training(tmp_path):
    lines = [
        {"step": 5, "loss": 1.0},
        {"step": 10, "validation/score": 0.5},
        {"step": 20, "validation/score": 1},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert scores_of(tmp_path, 20) == {0.5: 0.5, 1.0: 1.0}


def test_a_score_that_is_no_number_is_behind_all_others():
    assert sorted([0.5, math.nan, -1.0, None], key=rank)[2:] == [-1.0, 0.5]


def test_the_choice_names_the_trial_and_what_to_expect_of_its_setting(report):
    assert describe_choice(Path("runs/s"), report) == (
        "The model of runs/s is that of trials/a, accuracy 80.00%, the best of 2 seeds; their mean is 75.00% ± 7.07%"
    )
    alone = SearchReport((SettingResult(SETTINGS[0], (complete("a", 0, 0.8),)),))
    assert (
        describe_choice(Path("runs/s"), alone) == "The model of runs/s is that of trials/a, accuracy 80.00%"
    )
