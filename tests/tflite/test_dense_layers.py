"""Dense maps of a file are found under the names of their weights, with what goes through them."""

import keras
import numpy as np
import pytest

from mbert_cli.tflite.census import dense_maps
from mbert_cli.tflite.dense_layers import dense_layers, layer_paths, measure_channels
from mbert_cli.tflite.fold import fold
from mbert_cli.weights.variables import read_variables


@pytest.fixture(scope="module")
def folded_weights(network, small_size) -> dict[str, np.ndarray]:
    return fold(read_variables(network), small_size("mobilebert"))[0]


def test_dense_maps_are_named_by_their_weights_in_the_order_in_which_they_run(content, folded_weights):
    found = dense_layers(content, folded_weights)
    assert list(found) == layer_paths(folded_weights)
    assert list(found.values()) == dense_maps(content)
    assert list(found)[:4] == [
        "encoder/embeddings/projection",
        "encoder/layer_00/input_projections",
        "encoder/layer_00/bottleneck_projections",
        "encoder/layer_00/attention/output",
    ]
    assert list(found)[-1] == "classifier"
    assert found["encoder/layer_00/input_projections"].startswith("layer_00/")


@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
def test_weights_that_a_file_has_in_the_order_of_their_names_are_told_by_when_they_are_computed(
    name, small_size, random_network
):
    size = small_size(name)
    size = size.model_copy(update={"num_layers": 11}) if name == "bert_base" else size
    weights = fold(read_variables(random_network(size)), size)[0]
    found = layer_paths(dict(sorted(weights.items())))
    assert found == layer_paths(weights)
    computed = [name.removesuffix("/kernel") for name in weights if name.endswith("/kernel")]
    assert [path for path in found if path.startswith("encoder/")] == [
        path for path in computed if path.startswith("encoder/")
    ]


def test_a_pooler_runs_before_the_head(small_size, random_network):
    weights = read_variables(random_network(small_size("bert_base").model_copy(update={"use_pooler": True})))
    assert layer_paths(weights)[-2:] == ["pooler", "classifier"]


def test_a_file_of_another_model_is_told_apart(content, folded_weights):
    with pytest.raises(ValueError, match="The file has dense maps of"):
        dense_layers(
            content, {name: array for name, array in folded_weights.items() if "classifier" not in name}
        )


def test_statistics_are_those_of_the_examples(content, folded_weights, network, batch):
    rows = {name: batch[name][:3] for name in ("token_ids", "segment_ids", "padding_mask")}
    found = measure_channels(content, folded_weights, rows)
    assert list(found) == layer_paths(folded_weights)
    logits = network({name: batch[name][:3] for name in network.input})["logits"]
    peaks = np.abs(keras.ops.convert_to_numpy(logits)).max(axis=0)
    np.testing.assert_allclose(found["classifier"].written_peaks, peaks, rtol=1e-4)
    inside = found["encoder/layer_00/feed_forward_0/output"]
    np.testing.assert_array_equal(
        inside.read_peaks, found["encoder/layer_00/feed_forward_0/intermediate"].written_peaks
    )
    assert (inside.read_power <= inside.read_peaks**2).all()
