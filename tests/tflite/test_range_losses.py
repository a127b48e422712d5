"""How much dense maps lose by ranges that are the same for all rows."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.calibration import measure_ranges
from mbert_cli.tflite.census import dense_maps
from mbert_cli.tflite.dense_maps import find_dense_maps
from mbert_cli.tflite.range_losses import LARGE_LOSS, measure_range_losses, round_to_range, worst_ranges


@pytest.fixture(scope="module")
def ranges(content, batch):
    return measure_ranges(content, batch)


def test_values_become_the_nearest_of_256_numbers_of_which_one_is_0():
    values = np.array([-2.0, -1.0, 0.0, 0.004, 0.006, 1.55, 9.0])
    expected = [-1.0, -1.0, 0.0, 0.0, 0.01, 1.55, 1.55]
    np.testing.assert_allclose(round_to_range(values, -1.0, 1.55), expected, atol=1e-12)
    np.testing.assert_allclose(round_to_range(values + 3, 2.0, 2.55), np.clip(values + 3, 0, 2.55), atol=0.01)
    assert round_to_range(np.zeros(3), 0.0, 0.0).tolist() == [0.0, 0.0, 0.0]


def test_ranges_of_these_rows_lose_little_and_one_a_thousand_times_as_wide_loses_all(content, ranges, batch):
    losses = measure_range_losses(content, ranges, batch)
    assert list(losses) == dense_maps(content)
    assert max(losses.values()) < LARGE_LOSS
    name = dense_maps(content)[3]
    wide = {**ranges, name: tuple(1000 * end for end in ranges[name])}
    found = measure_range_losses(content, wide, batch)
    assert found[name] == pytest.approx(1.0)


def test_a_map_that_reads_an_outlier_loses_more(content, ranges, batch):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    entry = next(find_dense_maps(model))
    read = model.subgraphs[0].tensors[entry.read].name.decode()
    wide = {**ranges, read: (ranges[read][0], 100 * ranges[read][1])}
    before, after = (measure_range_losses(content, one, batch)[entry.name] for one in (ranges, wide))
    assert after > 100 * before


def test_the_worst_are_those_that_lose_much():
    losses = {"a": 0.02, "b": 0.3, "c": LARGE_LOSS, "d": 0.05}
    assert worst_ranges(losses, 4) == ["b", "d", "a"]
    assert worst_ranges(losses, 1) == ["b"]
    assert worst_ranges(losses, 0) == []
