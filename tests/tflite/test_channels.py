"""A factor for each channel that lies between dense maps changes no output."""

import keras
import numpy as np
import pytest

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.tflite.channels import Part, free_channels
from mbert_cli.tflite.fold import MAX_SCALE, fold
from mbert_cli.weights.variables import assign_variables, read_variables

VOCABULARY = 200


def logits_of(weights: dict[str, np.ndarray], size: Architecture, batch: dict[str, np.ndarray]) -> np.ndarray:
    network = build_task_network(size, num_outputs=3, vocab_size=VOCABULARY)
    assign_variables(network, weights)
    return keras.ops.convert_to_numpy(network({name: batch[name] for name in network.input})["logits"])


def scaled(weights: dict[str, np.ndarray], size: Architecture, spread: float = 1.0) -> dict[str, np.ndarray]:
    """The weights with factors e^(normal · spread) for all channels that may have some."""
    random = np.random.default_rng(7)
    arrays = {name: np.array(array, np.float64) for name, array in weights.items()}
    for channels in free_channels(arrays, size):
        factors = np.exp(random.normal(0.0, spread, channels.written[0].width))
        for part in channels.written:
            part.multiply(arrays, 1.0 / factors)
        for part in channels.read:
            part.multiply(arrays, factors)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


@pytest.mark.parametrize("spread", [0.2, 1.5])
@pytest.mark.parametrize(
    "name", ["mobilebert", "mobilebert_tiny", "ib_bert_large", "bert_base", "distilbert_6"]
)
def test_factors_of_free_channels_change_no_output(name, spread, small_size, random_network, batch):
    size = small_size(name)
    weights, folded = fold(read_variables(random_network(size, spread)), size)
    expected = logits_of(weights, folded, batch)
    found = logits_of(scaled(weights, folded), folded, batch)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * max(1.0, np.abs(expected).max()))


def test_a_relu_lets_factors_through_and_a_gelu_does_not(small_size, random_network, batch):
    size = small_size("bert_base").model_copy(update={"activation": "relu"})
    weights, folded = fold(read_variables(random_network(size)), size)
    inside = "encoder/layer_00/feed_forward_0/output/kernel"
    assert inside in {part.name for entry in free_channels(weights, folded) for part in entry.read}
    expected = logits_of(weights, folded, batch)
    np.testing.assert_allclose(logits_of(scaled(weights, folded), folded, batch), expected, atol=1e-5)
    gelu = folded.model_copy(update={"activation": "gelu"})
    assert inside not in {part.name for entry in free_channels(weights, gelu) for part in entry.read}


def test_a_residual_that_is_multiplied_ends_a_stream_and_begins_another(small_size, random_network):
    size = small_size("mobilebert")
    original = read_variables(random_network(size))
    original["encoder/layer_00/bottleneck_output/norm/gamma"][0] = 2 * MAX_SCALE
    weights, folded = fold(original, size)
    place = "encoder/layer_00/bottleneck_output/residual_scale"
    factors = Part(place, 0, 0, 48)
    found = free_channels(weights, folded)
    (before,) = [entry for entry in found if factors in entry.read]
    (after,) = [entry for entry in found if factors in entry.written]
    assert {part.name for part in before.read} == {place, "encoder/layer_00/input_projections/kernel"}
    assert {part.name for part in after.read} == {
        "encoder/layer_01/input_projections/kernel",
        "classifier/kernel",
    }


def test_every_kernel_of_a_folded_mobilebert_reads_free_channels(small_size, random_network):
    size = small_size("mobilebert")
    weights, folded = fold(read_variables(random_network(size)), size)
    read = {part.name for entry in free_channels(weights, folded) for part in entry.read}
    assert {name for name in weights if name.endswith("/kernel")} <= read
