"""Channels that lie apart are brought together, others are left alone, and no output changes."""

import numpy as np
import pytest

from mbert_cli.model.options import Architecture
from mbert_cli.tflite import equalization
from mbert_cli.tflite.dense_layers import ChannelStatistics, layer_paths
from mbert_cli.tflite.equalization import MAX_FACTOR, equalize
from mbert_cli.tflite.fold import fold
from mbert_cli.weights.variables import read_variables
from tests.tflite.test_channels import logits_of, scaled


@pytest.fixture(scope="module")
def folded(network, small_size) -> tuple[dict[str, np.ndarray], Architecture]:
    return fold(read_variables(network), small_size("mobilebert"))


def statistics(weights: dict[str, np.ndarray], spread: float = 0.0) -> dict[str, ChannelStatistics]:
    """Of activations that are normal in each channel, with e^(normal · spread) for its size."""
    random = np.random.default_rng(5)
    found = {}
    for path in layer_paths(weights):
        inputs, outputs = weights[f"{path}/kernel"].shape
        sizes = np.exp(random.normal(0.0, spread, inputs))
        found[path] = ChannelStatistics(3.0 * sizes, sizes**2, np.ones(outputs))
    return found


def test_channels_of_one_size_are_left_alone(folded):
    weights, size = folded
    found, changed = equalize(weights, size, statistics(weights))
    assert changed == []
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array)


def test_equalizing_changes_no_output(folded, batch):
    weights, size = folded
    found, changed = equalize(weights, size, statistics(weights, 2.0))
    assert "encoder/layer_00/feed_forward_0/output" in changed
    expected = logits_of(weights, size, batch)
    np.testing.assert_allclose(logits_of(found, size, batch), expected, atol=1e-5)


def test_the_factor_of_a_channel_is_the_root_of_its_activation_over_its_weights(folded):
    weights, size = folded
    path = "encoder/layer_00/feed_forward_0/output"
    arrays = {name: array.copy() for name, array in weights.items()}
    random = np.random.default_rng(2)
    arrays[f"{path}/kernel"] = np.sign(random.normal(size=arrays[f"{path}/kernel"].shape)).astype(np.float32)
    ranges = statistics(arrays)
    sizes = np.where(np.arange(40) < 4, 16.0, 1.0)
    ranges[path] = ChannelStatistics(sizes, sizes**2 / 9.0, ranges[path].written_peaks)
    found, _ = equalize(arrays, size, ranges)
    rows = np.abs(found[f"{path}/kernel"]).max(axis=1)
    np.testing.assert_allclose(rows[:4], 4.0 * rows[4:8], rtol=1e-6)


def test_kernels_of_few_bits_are_not_spread_for_activations_that_lie_a_little_apart(folded, monkeypatch):
    weights, size = folded
    ranges = statistics(weights, 0.7)
    path = "encoder/layer_00/feed_forward_0/output"
    assert path in equalize(weights, size, ranges)[1]
    monkeypatch.setattr(equalization, "WEIGHT_STEPS", 7)
    assert path not in equalize(weights, size, ranges)[1]


def test_channels_that_are_always_0_stay_within_bounds(folded):
    weights, size = folded
    ranges = statistics(weights, 1.0)
    for path, entry in ranges.items():
        zeros = np.where(np.arange(len(entry.read_peaks)) % 3, 1.0, 0.0)
        ranges[path] = entry._replace(
            read_peaks=entry.read_peaks * zeros, read_power=entry.read_power * zeros
        )
    found, changed = equalize(weights, size, ranges)
    assert changed
    for name, array in weights.items():
        assert np.isfinite(found[name]).all()
        assert np.abs(found[name]).max() <= MAX_FACTOR**2 * max(np.abs(array).max(), 1e-3)


def test_a_model_whose_channels_were_spread_gets_its_kernels_back_together(folded, network, batch):
    weights, size = folded
    spread = scaled(weights, size, 1.5)
    ranges = statistics(weights)
    for path, entry in ranges.items():  # what the factors made of the activations
        ratio = np.abs(weights[f"{path}/kernel"]).sum(axis=1) / np.abs(spread[f"{path}/kernel"]).sum(axis=1)
        ranges[path] = entry._replace(
            read_peaks=entry.read_peaks * ratio, read_power=entry.read_power * ratio**2
        )
    found, changed = equalize(spread, size, ranges)
    path = "encoder/layer_01/feed_forward_2/output"
    assert path in changed

    def apart(arrays: dict[str, np.ndarray]) -> float:
        rows = np.abs(arrays[f"{path}/kernel"]).sum(axis=1)
        return float(rows.max() / rows.min())

    assert apart(found) < 0.2 * apart(spread)
    np.testing.assert_allclose(logits_of(found, size, batch), logits_of(weights, size, batch), atol=1e-4)
