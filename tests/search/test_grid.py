"""The grid of a search: order, names, what a cap leaves of it, and what is clearly behind."""

from collections import Counter
from dataclasses import astuple

import pytest

from mbert_cli.search.grid import Setting, draw_settings, is_behind, make_grid, plan_search
from mbert_cli.search.options import SearchOptions
from mbert_cli.train.options import FinetuneTrainOptions

TRAIN = FinetuneTrainOptions(batch_size=8, epochs=4, optimizer={"learning_rate": 1e-4})
PAPER = SearchOptions(
    learning_rate=[1e-4, 9e-5, 8e-5, 7e-5, 6e-5, 5e-5, 4e-5, 3e-5, 2e-5, 1e-5],
    batch_size=[16, 32, 48],
    epochs=[2, 3, 4, 5, 6, 7, 8, 9, 10],
    seed=[0, 1, 2],
    max_trials=36,
)


def test_the_last_axis_varies_fastest_and_what_is_not_listed_is_the_recipes_own():
    grid = make_grid(SearchOptions(learning_rate=[1, 0.5], epochs=[3, 2]), TRAIN)
    assert [astuple(setting) for setting in grid] == [(1.0, 8, 3), (1.0, 8, 2), (0.5, 8, 3), (0.5, 8, 2)]
    assert plan_search(SearchOptions(epochs=[1]), TRAIN, 7).seeds == [7]
    assert plan_search(PAPER, TRAIN, 7).seeds == [0, 1, 2]


def test_a_trial_is_named_by_its_values():
    assert Setting(3e-4, 32, 3).trial(0) == "learning_rate-0.0003-batch_size-32-epochs-3-seed-0"
    assert Setting(1e-5, 16, 10).trial(12) == "learning_rate-1e-05-batch_size-16-epochs-10-seed-12"


def test_a_setting_changes_the_train_section_only_where_it_says():
    changed = Setting(3e-4, 32, 3).applied_to(TRAIN)
    assert (changed.optimizer.learning_rate, changed.batch_size, changed.epochs) == (3e-4, 32, 3)
    assert Setting(1e-4, 8, 4).applied_to(changed) == TRAIN


def test_a_cap_leaves_whole_settings_in_the_order_of_the_grid():
    plan = plan_search(PAPER, TRAIN, seed=0)
    assert (len(plan.grid), len(plan.settings), plan.num_trials) == (270, 12, 36)
    assert plan.settings == [setting for setting in plan.grid if setting in plan.settings]
    assert plan == plan_search(PAPER, TRAIN, seed=0)
    assert plan.settings != plan_search(PAPER, TRAIN, seed=1).settings
    few, all_of_it = (PAPER.model_copy(update={"max_trials": most}) for most in (5, 9999))
    assert plan_search(few, TRAIN, 0).settings == draw_settings(plan.grid, 1, 0)
    assert plan_search(all_of_it, TRAIN, 0).settings == plan.grid


@pytest.mark.parametrize("count", [3, 12, 30, 90])
def test_what_is_drawn_is_even_over_every_axis(count):
    drawn = draw_settings(make_grid(PAPER, TRAIN), count, seed=0)
    for axis, length in zip(zip(*map(astuple, drawn), strict=True), (10, 3, 9), strict=True):
        uses = Counter(axis)
        assert max(uses.values()) <= -(-count // length) + 1
        assert len(uses) == min(count, length)


def test_behind_is_behind_the_best_that_an_earlier_one_had_at_the_same_share():
    earlier = [{0.5: 0.6, 1.0: 0.9}, {0.25: 0.7, 0.5: 0.65}]
    # At a quarter only the second has a score; at a half its best until then is 0.7 still.
    assert is_behind({0.25: 0.64}, earlier, 0.05)
    assert not is_behind({0.25: 0.66}, earlier, 0.05)
    assert not is_behind({0.25: 0.64}, earlier[:1], 0.05)
    assert not is_behind({0.25: 0.66, 0.5: 0.1}, earlier, 0.05)
    assert is_behind({0.25: 0.6, 0.75: 0.64}, earlier, 0.05)
    assert not is_behind({0.25: 0.6, 0.75: 0.64}, earlier, None)


def test_at_its_end_a_training_is_compared_with_the_best_of_all_before_it():
    assert is_behind({0.5: 0.1, 1.0: 0.8}, [{0.5: 0.9, 1.0: 0.2}], 0.05)
    assert not is_behind({0.5: 0.1, 1.0: 0.86}, [{0.5: 0.9, 1.0: 0.2}], 0.05)


def test_nothing_is_behind_before_its_first_score_or_with_nothing_before_it():
    assert not is_behind({}, [{0.5: 0.9}], 0.05)
    assert not is_behind({0.5: 0.1}, [], 0.05)
    assert not is_behind({0.1: 0.1}, [{0.5: 0.9}], 0.05)
