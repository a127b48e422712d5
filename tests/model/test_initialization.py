"""Initial weights as a function of name and seed."""

import numpy as np

from mbert_cli.model.initialization import truncated_normal


def test_values_are_normal_and_cut_off_at_two_standard_deviations():
    values = truncated_normal("encoder/layer_00/attention/query/kernel", (300, 300), seed=0)
    assert values.dtype == np.float32
    assert np.abs(values).max() <= 0.04
    assert abs(values.mean()) < 2e-4
    assert abs(values.std() - 0.02 * 0.8796) < 2e-4  # the cut makes the distribution narrower


def test_the_same_name_and_seed_draw_the_same_values():
    draws = [truncated_normal(path, (5, 7), seed) for path, seed in (("a", 0), ("a", 0), ("b", 0), ("a", 1))]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    assert not np.array_equal(draws[0], draws[3])


def test_the_first_values_never_change():
    expected = [0.01739404909312725, -0.006424363236874342, 0.0006304247654043138]
    np.testing.assert_allclose(truncated_normal("encoder/x", (3, 1), 0)[:, 0], expected, rtol=1e-6)
