"""Every place of a folded network is told what is computed there, by one name."""

import numpy as np
import pytest

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture

SIZES = {
    "folded": Architecture(
        num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=24, embedding_dim=8, intra_dim=8,
        trigram_input=True, num_feedforward_networks=2, key_query_shared_bottleneck=True, normalization="folded",
        activation="relu", merged_projections=True, multiplied_residuals=("layer_00/attention",),
    ),
    "folded_layer_norm": Architecture(
        num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=24, embedding_dim=16, use_pooler=True,
        normalization="folded_layer_norm", merged_projections=True,
        multiplied_residuals=("layer_00/attention", "layer_00/feed_forward_0"),
    ),
}  # fmt: skip
NORM = ["mean", "centered", "squares", "variance", "deviation", "normalized"]
ATTENTION = [f"attention/{name}" for name in ("logits", "masked_logits", "probabilities", "context")]
PLACES = {
    "folded": {
        "embeddings": ["word_embeddings", "trigram", "projection/input", "projection", "position_embeddings", "positions",
                       "segment_embeddings", "segments"],
        "layer_00": ["input_projections/input", "input_projections", "bottleneck_projections/input",
                     "bottleneck_projections", *ATTENTION, "attention/output/input", "attention/output",
                     "attention/residual", "attention/sum", "feed_forward_0/intermediate/input",
                     "feed_forward_0/intermediate", "feed_forward_0/output/input", "feed_forward_0/output",
                     "feed_forward_0/sum", "feed_forward_1/intermediate/input", "feed_forward_1/intermediate",
                     "feed_forward_1/output/input", "feed_forward_1/output", "feed_forward_1/sum",
                     "bottleneck_output/input", "bottleneck_output", "bottleneck_output/sum"],
        "classifier": ["dense/input", "dense"],
    },
    "folded_layer_norm": {
        "embeddings": ["word_embeddings", "position_embeddings", "positions", "segment_embeddings", "segments",
                       *(f"norm/{name}" for name in NORM)],
        "layer_00": ["input_projections/input", "input_projections", *ATTENTION, "attention/output/input",
                     "attention/output", "attention/residual", "attention/sum",
                     *(f"attention/norm/{name}" for name in NORM), "feed_forward_0/intermediate/input",
                     "feed_forward_0/intermediate", "feed_forward_0/activation", "feed_forward_0/output/input",
                     "feed_forward_0/output", "feed_forward_0/residual", "feed_forward_0/sum",
                     *(f"feed_forward_0/norm/{name}" for name in NORM)],
        "pooler": ["dense/input", "dense", "activation"],
        "classifier": ["dense/input", "dense"],
    },
}  # fmt: skip


class Recorder:
    """Keeps the names of the places that it stands at, and changes nothing."""

    states = ()

    def __init__(self):
        self.places, self.kernels = [], []

    def values(self, place, tensor):
        self.places.append(place)
        return tensor

    def kernel(self, place, kernel):
        self.kernels.append(place)
        return kernel

    def looked_up(self, place, rows, table):
        assert rows.shape[-1] == table.shape[-1]
        self.places.append(place)
        return rows


@pytest.fixture(scope="module", params=SIZES)
def recorded(request):
    network = build_task_network(SIZES[request.param], num_outputs=3, vocab_size=30)
    ids = np.arange(8, dtype="int32").reshape(2, 4)
    batch = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}
    expected = network(batch)["logits"]
    for layer in network.layers:
        if hasattr(layer, "quantizing"):
            layer.quantizing = Recorder()
    found = network(batch)["logits"]
    np.testing.assert_array_equal(found, expected)
    return request.param, {
        layer.name: layer.quantizing for layer in network.layers if hasattr(layer, "quantizing")
    }


def test_layers_have_the_places_that_are_named(recorded):
    name, layers = recorded
    for layer, places in PLACES[name].items():
        assert layers[layer].places == places


def test_every_dense_map_shows_its_kernel_once(recorded):
    _, layers = recorded
    for layer in layers.values():
        inputs = [place.removesuffix("/input") for place in layer.places if place.endswith("/input")]
        assert layer.kernels == inputs
