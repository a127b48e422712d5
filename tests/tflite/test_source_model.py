"""What artifacts are made of is folded once, measured once, and converted for each mode and length."""

from dataclasses import replace

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite import range_losses
from mbert_cli.tflite.census import dense_census, dense_maps
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.variables import read_variables


@pytest.fixture
def source(network, batch, tmp_path):
    """A model whose rows are counted when they are asked for."""

    def rows():
        rows.count += 1
        return batch

    rows.count = 0
    size = network.get_layer("embeddings").size
    return SourceModel(read_variables(network), size, CLASSIFIER, rows, tmp_path / "calibration")


def test_modes_of_tensorflow_need_no_rows(source, content):
    assert source.content("float32", 12) == content
    assert source.calibration_rows.count == 0


def test_ranges_serve_all_modes_and_lengths_and_are_kept(source):
    census = [dense_census(source.content(mode, length)) for mode, length in (("int8", 12), ("int8_full", 8))]
    assert census == [{"int8 x int8": 26}] * 2
    assert source.calibration_rows.count == 1
    assert len(list(source.calibration_folder.iterdir())) == 1


def test_a_dense_map_is_kept(source):
    name = dense_maps(source.converted("int4", 12))[5]
    in_four = replace(source, eight_bit_maps=0)
    assert dense_census(in_four.content("int4", 12, [name])) == {"int4 x float32": 25, "int8 x float32": 1}


def test_the_dense_maps_of_int4_that_lose_most_have_eight_bits(source):
    assert dense_census(source.content("int4", 8)) == {"int4 x float32": 22, "int8 x float32": 4}
    assert source.calibration_rows.count == 1
    worst = source.rounded("int4", b"").eight_bit_maps
    assert len(worst) == 4
    assert {path.partition("/")[0] for path in worst.values()} <= {"encoder", "classifier"}


def test_int4_needs_no_training_rows(source):
    def none():
        raise UserError("There are no rows. Received: none", "Add some.")

    without = replace(source, calibration_rows=none)
    assert dense_census(without.content("int4", 12)) == {"int4 x float32": 26}
    assert without.rounded("int4", b"").why_not == "There are no rows. Received: none"


def test_rows_round_no_kernels_in_blocks_and_none_that_were_learned(source):
    assert source.rounds_by_rows("int4")
    assert not source.rounds_by_rows("int8")
    assert not replace(source, block_size=32).rounds_by_rows("int4")
    assert not replace(source, trained=TrainedRanges(mode="int4", ranges={})).rounds_by_rows("int4")


def test_maps_that_lose_much_by_one_range_for_all_rows_have_one_for_each(source, monkeypatch):
    converted = source.converted("int8", 12)
    assert source.row_ranged("int8", converted) == {}
    monkeypatch.setattr(range_losses, "LARGE_LOSS", 0.0)
    several = replace(source, row_ranges=3)
    assert dense_census(several.quantized(converted, "int8")) == {"int8 x int8": 23, "int8 x float32": 3}
    assert {path.partition("/")[0] for path in several.row_ranged("int8", converted).values()} == {"encoder"}
    assert several.row_ranged("int8_full", converted) == {}
    assert replace(several, row_ranges=0).row_ranged("int8", converted) == {}
    learned = replace(several, trained=TrainedRanges(mode="int8", ranges={}))
    assert learned.row_ranged("int8", converted) == {}


def test_channels_are_brought_together_for_8_bit_ranges_alone(source):
    equalizing = replace(source, equalize=True)
    assert [mode for mode in MODES if equalizing.equalizes(mode)] == ["int8", "int8_full"]
    assert not source.equalizes("int8")
    assert equalizing.weights_of("int4") is equalizing.folded[0]


def test_ranges_are_those_of_the_weights_that_they_are_measured_with(source):
    equalizing = replace(source, equalize=True, row_ranges=0)
    weights = equalizing.folded[0]
    for name in weights:
        if name.endswith("feed_forward_0/intermediate/kernel"):
            weights[name][:, 3] *= 100.0
    assert equalizing.equalized[1]
    kernel = "encoder/layer_00/feed_forward_0/intermediate/kernel"
    assert np.abs(equalizing.weights_of("int8")[kernel][:, 3]).max() < np.abs(weights[kernel][:, 3]).max()
    assert dense_census(equalizing.content("int8", 12)) == {"int8 x int8": 26}
    equalizing.ranges("int16x8", b"")
    assert len(list(source.calibration_folder.iterdir())) == 2
