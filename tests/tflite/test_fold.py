"""Folding changes no output, leaves no NoNorm behind, and says what it made."""

import keras
import numpy as np
import pytest

from mbert_cli.model.cost import count_parameters
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tflite.fold import MAX_SCALE, Affine, KeptRows, fold
from mbert_cli.weights.variables import assign_variables, read_variables

VOCABULARY = 200
MULTIPLIED = [f"layer_{layer:02d}/feed_forward_{number}" for layer in range(2) for number in range(4)]


def batch_of(length: int) -> dict[str, np.ndarray]:
    """Three rows, all but one of them padded."""
    random = np.random.default_rng(length)
    mask = (np.arange(length) < np.array([[length], [length - 1], [2]])).astype("int32")
    ids = random.integers(1, VOCABULARY, mask.shape, dtype="int32") * mask
    return {
        "token_ids": ids,
        "segment_ids": (np.arange(length) > 1).astype("int32") * mask,
        "padding_mask": mask,
    }


def encoder_of(weights: dict[str, np.ndarray], size: Architecture) -> keras.Model:
    encoder = build_encoder(size, vocab_size=VOCABULARY, seed=None)
    assign_variables(encoder, weights)  # neither fewer nor more
    return encoder


def assert_close(found, expected, tolerance: float = 1e-5) -> None:
    expected = keras.ops.convert_to_numpy(expected)
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, rtol=0, atol=tolerance * scale)


def test_a_dense_map_after_a_scale_and_before_a_norm_is_one_dense_map():
    dense = Affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0]))
    folded = dense.after(KeptRows(np.array([2.0, 1.0]))).then(np.array([1.0, 0.5]), np.array([0.0, 1.0]))
    np.testing.assert_array_equal(folded.kernel, [[2.0, 2.0], [3.0, 2.0]])
    np.testing.assert_array_equal(folded.bias, [10.0, 11.0])


def test_a_dense_map_after_an_offset_has_it_in_its_bias():
    dense = Affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0]))
    folded = dense.after(KeptRows(np.array([2.0, 1.0]), np.array([1.0, 1.0])))
    np.testing.assert_array_equal(folded.kernel, [[2.0, 4.0], [3.0, 4.0]])
    np.testing.assert_array_equal(folded.bias, [14.0, 26.0])


@pytest.mark.parametrize("spread", [0.2, 1.0])
@pytest.mark.parametrize("name", SIZES)
def test_a_network_of_the_folded_model_gives_the_same_outputs(name, spread, small_size, random_network):
    size = small_size(name)
    network = random_network(size, spread)
    folded_network = build_task_network(
        fold(read_variables(network), size)[1], num_outputs=3, vocab_size=VOCABULARY
    )
    assign_variables(folded_network, fold(read_variables(network), size)[0])
    for length in (4, 9, 16):
        batch = batch_of(length)
        assert_close(folded_network(batch)["logits"], network(batch)["logits"])


@pytest.mark.parametrize("kind", ["question_answering", "token_classification"])
@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
def test_a_head_that_reads_every_token_is_folded_too(name, kind, small_size, random_network):
    size, head = small_size(name), KINDS[kind].head
    network = random_network(size, head=head, num_outputs=2)
    weights, architecture = fold(read_variables(network), size)
    folded_network = build_task_network(architecture, head=head, num_outputs=2, vocab_size=VOCABULARY)
    assign_variables(folded_network, weights)
    assert_close(folded_network(batch_of(9))["logits"], network(batch_of(9))["logits"])


@pytest.mark.parametrize("normalization", ["no_norm", "layer_norm"])
@pytest.mark.parametrize("name", ["mobilebert", "mobilebert_tiny", "ib_bert_large", "bert_base"])
def test_an_encoder_by_itself_ends_in_the_same_hidden_states(name, normalization, small_size, random_network):
    size = Architecture(**(small_size(name).model_dump() | {"normalization": normalization}))
    weights = {k: v for k, v in read_variables(random_network(size)).items() if k.startswith("encoder/")}
    expected = encoder_of(weights, size)(batch_of(9))
    found = encoder_of(*fold(weights, size))(batch_of(9))
    assert_close(found["hidden_states"][-1], expected["hidden_states"][-1])
    for logits, others in zip(found["attention_logits"], expected["attention_logits"], strict=True):
        assert_close(logits, others)


@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
def test_a_single_row_of_segments_lies_in_the_positions(name, small_size, random_network):
    size = Architecture(**(small_size(name).model_dump() | {"num_segments": 1}))
    network = random_network(size)
    weights, architecture = fold(read_variables(network), size)
    assert architecture.num_segments == 0
    folded_network = build_task_network(architecture, num_outputs=3, vocab_size=VOCABULARY)
    assign_variables(folded_network, weights)
    assert_close(folded_network(batch_of(9))["logits"], network(batch_of(9))["logits"])


def test_moderate_gammas_leave_no_norm_and_no_multiplication(network, small_size):
    weights, architecture = fold(read_variables(network), small_size("mobilebert"))
    changes = {"normalization": "folded", "merged_projections": True}
    assert architecture == small_size("mobilebert").model_copy(update=changes)
    assert not [name for name in weights if "norm" in name or "residual_scale" in name]


def test_a_residual_is_multiplied_where_the_scale_would_leave_its_range(random_network, small_size):
    size = small_size("mobilebert")
    network = random_network(size)
    weights = read_variables(network)
    weights["encoder/layer_00/feed_forward_1/norm/gamma"][0] = 2 * MAX_SCALE * MAX_SCALE
    folded, architecture = fold(weights, size)
    assert architecture.multiplied_residuals == ("layer_00/feed_forward_1",)
    assert [name for name in folded if "scale" in name] == ["encoder/layer_00/feed_forward_1/residual_scale"]
    assert folded["encoder/layer_00/feed_forward_1/residual_scale"][0] > MAX_SCALE * MAX_SCALE


def test_a_gamma_of_zero_is_folded_too(small_size, random_network):
    size = small_size("mobilebert")
    network = random_network(size)
    for weight in network.weights:
        if weight.path.endswith("gamma"):
            weight.assign(weight.value * np.where(np.arange(weight.shape[0]) == 1, 0.0, 1.0))
    weights, architecture = fold(read_variables(network), size)
    assert set(architecture.multiplied_residuals) >= set(MULTIPLIED)
    folded_network = build_task_network(architecture, num_outputs=3, vocab_size=VOCABULARY)
    assign_variables(folded_network, weights)
    assert_close(folded_network(batch_of(9))["logits"], network(batch_of(9))["logits"])


def test_layer_norms_of_plain_blocks_keep_no_weights_but_a_factor_of_each_residual(
    random_network, small_size
):
    size = small_size("bert_base")
    weights = read_variables(random_network(size))
    folded, architecture = fold(weights, size)
    places = [f"layer_{layer:02d}/{part}" for layer in range(2) for part in ("attention", "feed_forward_0")]
    assert architecture.normalization == "folded_layer_norm"
    assert architecture.multiplied_residuals == tuple(places)
    assert not [path for path in folded if "norm" in path]
    norms = ["embeddings", *places[:-1]]  # what is added is what the norm before it made
    for place, norm in zip(places, norms, strict=True):
        scale = folded[f"encoder/{place}/residual_scale"]
        np.testing.assert_array_equal(scale, weights[f"encoder/{norm}/norm/gamma"])


@pytest.mark.parametrize("name", ["mobilebert_no_opt", "ib_bert_large"])
def test_layer_norms_between_bottlenecks_keep_no_weights_either(name, random_network, small_size):
    size = small_size(name)
    weights = read_variables(random_network(size))
    folded, architecture = fold(weights, size)
    assert architecture.normalization == "folded_layer_norm"
    assert not [path for path in folded if "norm" in path]
    inside, outside = "encoder/layer_00/attention", "encoder/layer_00/bottleneck_output"
    gammas = [weights[f"encoder/{norm}/norm/gamma"] for norm in ("layer_00/bottleneck_input", "embeddings")]
    for place, gamma in zip((inside, outside), gammas, strict=True):
        np.testing.assert_array_equal(folded[f"{place}/residual_scale"], gamma)


@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
def test_a_folded_model_stays_as_it_is(name, random_network, small_size):
    once = fold(read_variables(random_network(small_size(name))), small_size(name))
    twice = fold(*once)
    assert twice[1] == once[1]
    assert twice[0].keys() == once[0].keys()
    for path, array in once[0].items():
        np.testing.assert_array_equal(twice[0][path], array)


@pytest.mark.parametrize("name", ["mobilebert_no_opt", "bert_base"])
def test_layer_norms_without_a_head_stay(name, random_network, small_size):
    size = small_size(name)
    weights = read_variables(random_network(size))
    weights = {path: array for path, array in weights.items() if path.startswith("encoder/")}
    folded, architecture = fold(weights, size)
    assert architecture == size.model_copy(update={"merged_projections": True})
    norms = [path for path in weights if "/norm/" in path]
    assert norms == [path for path in weights if "/norm/" in path and path in folded]
    for path in norms:
        np.testing.assert_array_equal(folded[path], weights[path])


def test_the_query_carries_the_factor_of_attention(random_network, small_size):
    size = small_size("bert_base")
    weights = read_variables(random_network(size))
    merged = fold(weights, size)[0]["encoder/layer_00/input_projections/kernel"]
    gamma = weights["encoder/embeddings/norm/gamma"][:, None]
    query, key = (gamma * weights[f"encoder/layer_00/attention/{name}/kernel"] for name in ("query", "key"))
    np.testing.assert_allclose(merged[:, :48], query / np.sqrt(24), rtol=1e-6)
    np.testing.assert_allclose(merged[:, 48:96], key, rtol=1e-6)


@pytest.mark.parametrize("spread", [0.0, 0.2, 1.5])
def test_folded_weights_are_float32_finite_and_as_many_as_the_architecture_says(
    random_network, small_size, spread
):
    size = small_size("mobilebert")
    folded, architecture = fold(read_variables(random_network(size, spread)), size)
    assert {array.dtype for array in folded.values()} == {np.dtype(np.float32)}
    assert all(np.isfinite(array).all() for array in folded.values())
    encoder = [array.size for name, array in folded.items() if name.startswith("encoder/")]
    assert sum(encoder) == count_parameters(architecture, VOCABULARY)


def grown(weights: dict[str, np.ndarray], factor: float) -> dict[str, np.ndarray]:
    """The weights with a gamma and a beta after each block that let some channels grow, as in the released model."""
    random = np.random.default_rng(8)
    found = {name: np.array(array) for name, array in weights.items()}
    for name, gamma in found.items():
        if name.endswith("bottleneck_output/norm/gamma"):
            channels = random.permutation(len(gamma))[:5]
            gamma[channels] *= factor
            found[name.replace("gamma", "beta")][channels] *= -factor
    return found


@pytest.mark.parametrize("name", ["mobilebert", "mobilebert_tiny"])
def test_activations_that_reach_1e7_agree_within_1e_4_of_the_largest(name, small_size, random_network):
    size = small_size(name)
    weights = grown(read_variables(random_network(size, 0.4)), 5e4)
    encoder = {name: array for name, array in weights.items() if name.startswith("encoder/")}
    expected = encoder_of(encoder, size)(batch_of(16))["hidden_states"][-1]
    assert np.abs(keras.ops.convert_to_numpy(expected)).max() > 1e7
    found = encoder_of(*fold(encoder, size))(batch_of(16))["hidden_states"][-1]
    assert_close(found, expected, 1e-4)
    networks = [
        build_task_network(kind, num_outputs=3, vocab_size=VOCABULARY)
        for kind in (size, fold(weights, size)[1])
    ]
    for network, arrays in zip(networks, (weights, fold(weights, size)[0]), strict=True):
        assign_variables(network, arrays)
    expected, found = (network(batch_of(16))["logits"] for network in networks)
    assert_close(found, expected, 1e-4)
