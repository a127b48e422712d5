"""A network computes with the numbers of its artifact, ranges follow the values, and then stay."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.backend import own_graph
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.tflite.fake_quantization import FakeQuantization, find_places
from mbert_cli.tflite.grids import round_rows_of_words
from mbert_cli.tflite.roundings import Rounding
from mbert_cli.train.companions import check_companions, companion_states, restore_companions
from mbert_cli.weights.variables import read_variables

SIZES = {
    "folded": Architecture(
        num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=24, embedding_dim=8, intra_dim=8,
        trigram_input=True, key_query_shared_bottleneck=True, normalization="folded", activation="relu",
        merged_projections=True, multiplied_residuals=("layer_00/attention",), hidden_dropout_rate=0,
        attention_dropout_rate=0,
    ),
    "folded_layer_norm": Architecture(
        num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=24, embedding_dim=16, use_pooler=True,
        normalization="folded_layer_norm", merged_projections=True,
        multiplied_residuals=("layer_00/attention", "layer_00/feed_forward_0"), hidden_dropout_rate=0,
        attention_dropout_rate=0,
    ),
}  # fmt: skip
DENSE = Rounding(activation_bits=8, kernel_bits=8, table_bits=8)
ALL = Rounding(activation_bits=8, kernel_bits=8, places="all", table_bits=8)
FINE = Rounding(activation_bits=16, kernel_bits=16, places="all", symmetric=True)
DYNAMIC = Rounding(activation_bits=8, kernel_bits=4, dynamic=True, clips=True)
RANDOM = np.random.default_rng(0)
BATCHES = [
    {"token_ids": ids, "segment_ids": ids % 2, "padding_mask": np.ones_like(ids)}
    for ids in RANDOM.integers(0, 30, (3, 5, 6)).astype("int32")
]


def network_of(name: str) -> keras.Model:
    network = build_task_network(SIZES[name], num_outputs=3, vocab_size=30, dropout_rate=0.0, seed=3)
    for weight in network.weights:  # the drawn ones are so small that no range would be like a trained one
        weight.assign(weight.value * 8.0)
    return network


def logits(network: keras.Model, batch: dict[str, np.ndarray]) -> np.ndarray:
    return keras.ops.convert_to_numpy(network(batch, training=False)["logits"])


def observe(network: keras.Model, quantization: FakeQuantization, batches=BATCHES) -> None:
    with quantization.observing():
        for batch in batches:
            network(batch, training=True)


def first_values(name: str) -> list[np.ndarray]:
    """What the first dense map of the network writes for each batch."""
    network, found = network_of(name), []

    class Catcher:
        states = ()

        def values(self, place, tensor):
            if place == "projection":
                found.append(keras.ops.convert_to_numpy(tensor))
            return tensor

        def kernel(self, place, kernel):
            return kernel

        def looked_up(self, place, rows, table):
            return rows

    network.get_layer("embeddings").quantizing = Catcher()
    for batch in BATCHES:
        logits(network, batch)
    return found


@pytest.mark.parametrize("name", SIZES)
def test_dense_modes_have_a_range_for_what_each_map_reads_and_writes(name):
    network = network_of(name)
    found = FakeQuantization(network, DENSE).ranges
    maps = [
        weight.path.removesuffix("/kernel") for weight in network.weights if weight.path.endswith("kernel")
    ]
    expected = {path.removeprefix("encoder/") for path in maps}
    expected = {path if "/" in path else f"{path}/dense" for path in expected}
    read = {f"{path}/input" for path in expected}
    if name == "folded":  # what a map with a ReLU writes is what the next one reads
        read -= {path for path in read if path.endswith("feed_forward_0/output/input")}
    assert set(found) == expected | read


@pytest.mark.parametrize("name", SIZES)
def test_full_modes_have_a_range_for_every_place_whose_grid_is_not_given(name):
    network = network_of(name)
    places = {f"{layer.name}/{place}" for layer, names in find_places(network).items() for place in names}
    found = set(FakeQuantization(network, ALL).ranges)
    assert {place for place in places - found if not place.endswith("/input")} == {
        place for place in places if place.endswith(("probabilities", "pooler/activation"))
    }


def test_dynamic_modes_have_no_ranges_and_round_all_the_same():
    network = network_of("folded")
    before = logits(network, BATCHES[0])
    assert FakeQuantization(network, DYNAMIC).ranges == {}
    after = logits(network, BATCHES[0])
    assert 0 < np.abs(after - before).max() < 0.5 * np.abs(before).max()


def test_ranges_begin_with_the_first_values_then_move_and_then_stay():
    network = network_of("folded")
    quantization = FakeQuantization(network, FINE, momentum=0.75, moving_updates=2)
    (first, second, _), found = first_values("folded"), []
    for batch in BATCHES:
        observe(network, quantization, [batch])
        found.append(quantization.ranges["embeddings/projection"])
    ends = first.min(), first.max()
    np.testing.assert_allclose(found[0], ends, rtol=1e-3)
    moved = [0.75 * end + 0.25 * new for end, new in zip(ends, (second.min(), second.max()), strict=True)]
    np.testing.assert_allclose(found[1], moved, rtol=1e-3)
    assert found[2] == found[1]


def test_values_beyond_a_range_that_stays_are_clipped():
    network = network_of("folded")
    ranges = dict.fromkeys(FakeQuantization(network, DENSE).ranges, (-100.0, 100.0))
    quantization = FakeQuantization(network, DENSE, ranges=ranges | {"classifier/dense": (-0.25, 0.5)})
    assert quantization.ranges["classifier/dense"] == (-0.25, 0.5)
    found = logits(network, BATCHES[0])
    assert found.min() >= -0.26
    assert found.max() <= 0.51


@pytest.mark.parametrize("name", ["folded", pytest.param("folded_layer_norm", marks=pytest.mark.slow)])
def test_fine_grids_change_little_and_coarse_ones_more(name):
    before = logits(network_of(name), BATCHES[0])
    differences = []
    for rounding in (FINE, ALL):
        network = network_of(name)
        observe(network, FakeQuantization(network, rounding, moving_updates=9))
        differences.append(np.abs(logits(network, BATCHES[0]) - before).max())
    scale = np.abs(before).max()
    assert 0 < differences[0] < 0.01 * scale < differences[1] < 0.5 * scale


@pytest.mark.parametrize("name", ["folded", pytest.param("folded_layer_norm", marks=pytest.mark.slow)])
def test_one_function_for_all_blocks_moves_the_ranges_of_each_and_has_gradients(name):
    network, alone = network_of(name), network_of(name)
    expected = FakeQuantization(alone, ALL, moving_updates=9)
    observe(alone, expected)
    quantization = FakeQuantization(network, ALL, moving_updates=9)

    @tf.function
    @own_graph()
    def step(batch):
        with tf.GradientTape() as tape, quantization.observing():
            loss = tf.reduce_sum(network(batch, training=True)["logits"] ** 2)
        return tape.gradient(loss, [weight.value for weight in network.trainable_weights])

    for batch in BATCHES:
        gradients = step(batch)
    for place, ends in expected.ranges.items():
        np.testing.assert_allclose(quantization.ranges[place], ends, rtol=0.05, atol=0.05, err_msg=place)
    blocks = [
        [ends for place, ends in quantization.ranges.items() if place.startswith(f"layer_0{number}")]
        for number in (0, 1)
    ]
    assert blocks[0] != blocks[1]
    for weight, gradient in zip(network.trainable_weights, gradients, strict=True):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path


def test_ranges_are_companions_and_no_weights_of_the_network():
    network = network_of("folded")
    before = set(read_variables(network))
    quantization = FakeQuantization(network, ALL, moving_updates=9)
    observe(network, quantization)
    assert set(read_variables(network)) == before
    check_companions([quantization])
    other = FakeQuantization(network_of("folded"), ALL, moving_updates=9)
    restore_companions([other], companion_states([quantization]))
    assert other.ranges == quantization.ranges
    assert not quantization.trainable_variables


def test_words_are_rounded_to_four_bits_whatever_the_length_of_the_text():
    traced = tf.function(
        lambda rows: round_rows_of_words(rows, 4), input_signature=[tf.TensorSpec((2, None, 16), tf.float32)]
    )
    rows = np.random.default_rng(1).normal(size=(2, 5, 16)).astype(np.float32)
    rounded = traced(rows).numpy()
    assert max(len(np.unique(row)) for row in rounded.reshape(-1, 16)) <= 16
    assert np.square(rounded - rows).sum() < 0.02 * np.square(rows).sum()
