"""What artifacts are made of is folded once, measured once, and converted for each mode and length."""

import pytest

from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite.census import dense_census, dense_maps
from mbert_cli.tflite.source_model import SourceModel
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
    assert dense_census(source.content("int4", 12, [name])) == {"int4 x float32": 25, "int8 x float32": 1}
