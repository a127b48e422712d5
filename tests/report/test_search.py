"""A search as a page: what it will try, and what it has found."""

import json
from pathlib import Path

import pytest

from mbert_cli.page import Delivery
from mbert_cli.report.search import plan_page, search_page
from mbert_cli.report.terminal import page_text
from mbert_cli.search.grid import SearchPlan, Setting
from mbert_cli.search.results import SearchReport, SettingResult, TrialResult

SEARCH = Path("runs/s")
SETTINGS = [Setting(rate, 32, 2) for rate in (0.3, 0.2, 0.1)]


def complete(setting: Setting, seed: int, score: float) -> TrialResult:
    return TrialResult(setting.trial(seed), seed, "complete", score, 20, 20, "accuracy")


def setting(place: int, *scores: float) -> SettingResult:
    chosen = SETTINGS[place]
    return SettingResult(chosen, tuple(complete(chosen, seed, score) for seed, score in enumerate(scores)))


GIVEN_UP = SettingResult(
    SETTINGS[1],
    (
        TrialResult(SETTINGS[1].trial(0), 0, "pruned", 0.6, steps=1),
        TrialResult(SETTINGS[1].trial(1), 1, "skipped"),
    ),
)
REPORT = SearchReport((setting(0, 0.8, 0.7), GIVEN_UP, setting(2, 0.82, 0.78)))
TRIAL = "learning_rate-0.1-batch_size-32-epochs-2-seed-0"
CHOICE = f"The model of runs/s is that of trials/{TRIAL}, accuracy 82.00%, the best of 2 seeds; their mean is 80.00% ± 2.83%"
FLATTERED = (
    "Scores are means over the seeds ± their sample standard deviation. "
    "Chance flatters the best of many: expect less on new text."
)


def test_settings_stand_with_the_best_mean_first_and_what_was_chosen_below():
    text = page_text(search_page(SEARCH, REPORT), Delivery())
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "search: runs/s",
        "learning rate batch size epochs seeds accuracy best after steps outcome",
        text.splitlines()[2],
        "0.1 32 2 2 of 2 80.00% ± 2.83% 20, 20 chosen",
        "0.3 32 2 2 of 2 75.00% ± 7.07% 20, 20",
        "0.2 32 2 0 of 2 pruned at 60.00% after 1 step",
        "",
        CHOICE,
        FLATTERED,
    ]


def test_markdown_has_the_same_with_figures_to_the_right():
    assert page_text(search_page(SEARCH, REPORT), Delivery("markdown")).splitlines() == [
        "## search: runs/s",
        "",
        "| learning rate | batch size | epochs | seeds  |       accuracy | best after steps | outcome                       |",
        "| ------------: | ---------: | -----: | ------ | -------------: | ---------------- | ----------------------------- |",
        "|           0.1 |         32 |      2 | 2 of 2 | 80.00% ± 2.83% | 20, 20           | chosen                        |",
        "|           0.3 |         32 |      2 | 2 of 2 | 75.00% ± 7.07% | 20, 20           |                               |",
        "|           0.2 |         32 |      2 | 0 of 2 |                |                  | pruned at 60.00% after 1 step |",
        "",
        CHOICE,
        "",
        FLATTERED,
    ]


def test_json_holds_every_setting_and_trial_with_all_digits():
    document = json.loads(page_text(search_page(SEARCH, REPORT), Delivery("json")))
    assert document["search"] == "runs/s"
    assert document["trials"] == {"done": 6, "total": 6}
    assert document["chosen"]["mean"] == pytest.approx(0.8, abs=1e-15)
    assert document["chosen"]["deviation"] == pytest.approx(0.02 * 2**0.5, abs=1e-15)
    assert [one["state"] for one in document["settings"]] == ["complete", "pruned", "complete"]
    assert document["settings"][1]["trials"][0]["steps"] == 1
    assert document["notes"] == [CHOICE, FLATTERED]


def test_an_unfinished_search_says_how_far_it_is():
    open_trials = (TrialResult("a", 0), TrialResult("b", 1))
    report = SearchReport((setting(0, 0.8, 0.7), SettingResult(SETTINGS[1], open_trials)))
    (table,) = search_page(SEARCH, report).tables
    assert table.notes == ["2 of 4 trials are done; the same command continues from there."]
    assert table.rows[1][-1] == "open"


def test_with_one_seed_no_deviation_is_claimed():
    (table,) = search_page(SEARCH, SearchReport((setting(2, 0.82),))).tables
    assert table.rows[0] == ("0.1", "32", "2", "1 of 1", "82.00%", "20", "chosen")
    assert table.notes[1] == "With one seed no deviation is known: search.seed takes several."


def test_a_plan_names_grid_cap_and_steps():
    grid = [Setting(rate, 32, epochs) for rate in (0.3, 0.1) for epochs in (2, 5)]
    page = plan_page(SEARCH, SearchPlan(grid, grid[:2], [0, 1], 7, 0.05), 1400)
    text = page_text(page, Delivery())
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "Search: at most 4 trials, 1,400 steps, written to runs/s"
    assert lines[3:] == [
        "learning rate 0.3, 0.1",
        "batch size 32",
        "epochs 2, 5",
        "seed 0, 1",
        "",
        "settings: 2 of 4, drawn evenly by seed 7 (search.max_trials)",
        "seeds of each: 2",
        "given up: a setting whose first seed is behind by more than 0.05",
    ]
    document = json.loads(page_text(page, Delivery("json")))
    assert (document["trials"], document["steps"], document["settings_of_the_grid"]) == (4, 1400, 4)
    assert document["settings"][0] == {"learning_rate": 0.3, "batch_size": 32, "epochs": 2}


def test_a_plan_that_tries_all_and_gives_nothing_up_says_so():
    plan = SearchPlan(SETTINGS[:1], SETTINGS[:1], [0], 0, None)
    (table,) = plan_page(SEARCH, plan, 1).tables
    assert table.title == "Search: at most 1 trial, 1 step, written to runs/s"
    assert table.notes == ["settings: 1", "seeds of each: 1", "given up: none"]
