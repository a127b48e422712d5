"""Ranges are those of what a model computes, and are measured once."""

import numpy as np
import pytest

from mbert_cli.tflite.calibration import MeasuredRanges, kept_ranges, measure_clipped_ranges, measure_ranges
from mbert_cli.tflite.interpreter import Artifact

RANGES = MeasuredRanges(*({"layer_00/MatMul": (-1.5, 2.0 * share)} for share in (1, 0.5, 0.75)))


@pytest.fixture
def weights():
    return {"classifier/kernel": np.ones((2, 3), np.float32)}


@pytest.fixture
def measured():
    """A measurement that counts how often it is made."""

    def measure():
        measure.count += 1
        return RANGES

    measure.count = 0
    return measure


def test_the_range_of_the_output_is_that_of_what_an_artifact_answers(content, batch, artifact_path):
    low, high = measure_ranges(content, batch)["probabilities"]
    answers = Artifact(artifact_path).predict(batch)
    assert (low, high) == (answers.min(), answers.max())


def test_ranges_are_those_of_all_rows_together(content, batch):
    halves = [{name: values[part] for name, values in batch.items()} for part in (slice(0, 3), slice(3, 6))]
    one, two, whole = (measure_ranges(content, rows) for rows in (*halves, batch))
    assert whole == {
        name: (min(one[name][0], two[name][0]), max(one[name][1], two[name][1])) for name in whole
    }
    assert one != two


def test_everything_that_is_computed_in_float_has_a_range(content, batch):
    ranges = measure_ranges(content, batch)
    assert {"attention_bias/mul", "layer_01/Softmax", "embeddings/GatherV2_1"} <= set(ranges)
    assert "ids" not in ranges
    assert all(low <= high for low, high in ranges.values())


def test_clipped_ranges_lie_within_whole_ones_and_the_mask_keeps_its_own(content, batch):
    found = measure_clipped_ranges(content, batch)
    assert found.whole == measure_ranges(content, batch)
    for name, (low, high) in found.whole.items():
        for first, last in (found.clipped[name], found.symmetric[name]):
            assert min(low, 0) <= first <= max(low, 0)
            assert min(high, 0) <= last <= max(high, 0)
        if name.startswith("attention_bias/"):
            assert found.clipped[name] == found.symmetric[name] == (low, high)
    assert found.clipped != found.whole


def test_ranges_are_measured_once(tmp_path, weights, batch, measured):
    for _ in range(2):
        assert kept_ranges(tmp_path / "calibration", weights, "head", batch, measured) == RANGES
    assert measured.count == 1
    assert len(list((tmp_path / "calibration").iterdir())) == 1


def test_other_weights_heads_rows_or_lengths_are_measured_anew(tmp_path, weights, batch, measured):
    shorter = {name: values[:, :8] for name, values in batch.items() if values.ndim == 2}
    fewer = {name: values[:3] for name, values in batch.items()}
    other = {"classifier/kernel": np.zeros((2, 3), np.float32)}
    for rows in (batch, shorter, fewer):
        kept_ranges(tmp_path, weights, "head", rows, measured)
    kept_ranges(tmp_path, other, "head", batch, measured)
    kept_ranges(tmp_path, weights, "another head", batch, measured)
    assert measured.count == 5


@pytest.mark.parametrize("text", ["", "{", "[]", '{"whole": {"a": 1}}', '{"whole": {"a": ["b", 2]}}'])
def test_a_damaged_file_is_measured_anew(text, tmp_path, weights, batch, measured):
    kept_ranges(tmp_path, weights, "head", batch, measured)
    (path,) = tmp_path.iterdir()
    path.write_text(text, encoding="utf-8")
    assert kept_ranges(tmp_path, weights, "head", batch, measured) == RANGES
    assert measured.count == 2
