"""Ranges of 8 bits: what is cut off, and what it wins."""

import numpy as np
import pytest

from mbert_cli.tflite.clipping import NUM_BINS, NUM_STEPS, count_values, least_squares_range


def rounding_error(values: np.ndarray, low: float, high: float) -> float:
    """The mean squared error of 8 bits."""
    step = (high - low) / NUM_STEPS
    return float(np.mean((values - np.clip(np.round((values - low) / step) * step + low, low, high)) ** 2))


def test_every_value_is_counted_where_it_lies():
    counts = count_values(np.array([[-1.0, 3.0], [1.0, 1.0]]), -1.0, 3.0)
    assert counts.sum() == 4
    assert [counts[0], counts[NUM_BINS // 2], counts[-1]] == [1, 2, 1]


@pytest.mark.parametrize("symmetric", [False, True])
def test_values_that_are_spread_evenly_keep_their_range(symmetric):
    counts = np.full(NUM_BINS, 7)
    assert least_squares_range(counts, -2.0, 2.0, symmetric=symmetric) == (-2.0, 2.0)


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_few_values_far_from_all_others_are_cut_off_where_that_lowers_the_error(symmetric):
    values = np.random.default_rng(0).normal(0.0, 1.0, 1_000_000)
    values[:3] = (25.0, 30.0, -6.0)
    low, high = values.min(), values.max()
    found = least_squares_range(count_values(values, low, high), low, high, symmetric=symmetric)
    assert found[1] < 20.0
    whole = (-high, high) if symmetric else (low, high)
    ends = (-found[1], found[1]) if symmetric else found
    assert rounding_error(values, *ends) < rounding_error(values, *whole) / 2


def test_an_outlier_that_costs_more_than_it_wins_is_kept():
    values = np.append(np.random.default_rng(0).normal(0.0, 1.0, 1_000), 200.0)
    low, high = values.min(), values.max()
    found = least_squares_range(count_values(values, low, high), low, high)
    assert found[1] > 190.0


def test_ends_never_cross_0():
    values = np.random.default_rng(0).uniform(3.0, 4.0, 100)
    low, high = least_squares_range(count_values(values, 3.0, 4.0), 3.0, 4.0)
    assert (low, high) == (0.0, 4.0)
