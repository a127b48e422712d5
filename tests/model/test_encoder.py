"""Parameter counts, names, truncation, seeds and precision of encoders."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.encoder import build_encoder, truncate
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES, Architecture

SMALL = SIZES["mobilebert"].model_copy(
    update={
        "num_layers": 3,
        "hidden_dim": 16,
        "num_heads": 2,
        "intermediate_dim": 12,
        "embedding_dim": 8,
        "intra_dim": 8,
        "num_feedforward_networks": 2,
        "max_length": 16,
    }
)
BATCH = {
    "token_ids": np.array([[2, 7, 9, 3, 0], [2, 5, 6, 8, 3]], "int32"),
    "segment_ids": np.array([[0, 0, 1, 1, 0], [0, 0, 0, 1, 1]], "int32"),
    "padding_mask": np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], "int32"),
}
BLOCK_NAMES = [
    "bottleneck_input/kernel", "bottleneck_input/bias",
    "bottleneck_input/norm/gamma", "bottleneck_input/norm/beta",
    "bottleneck_attention/kernel", "bottleneck_attention/bias",
    "bottleneck_attention/norm/gamma", "bottleneck_attention/norm/beta",
    "attention/query/kernel", "attention/query/bias", "attention/key/kernel", "attention/key/bias",
    "attention/value/kernel", "attention/value/bias", "attention/output/kernel", "attention/output/bias",
    "attention/norm/gamma", "attention/norm/beta",
    "feed_forward_0/intermediate/kernel", "feed_forward_0/intermediate/bias",
    "feed_forward_0/output/kernel", "feed_forward_0/output/bias",
    "feed_forward_0/norm/gamma", "feed_forward_0/norm/beta",
    "feed_forward_1/intermediate/kernel", "feed_forward_1/intermediate/bias",
    "feed_forward_1/output/kernel", "feed_forward_1/output/bias",
    "feed_forward_1/norm/gamma", "feed_forward_1/norm/beta",
    "bottleneck_output/kernel", "bottleneck_output/bias",
    "bottleneck_output/norm/gamma", "bottleneck_output/norm/beta",
]  # fmt: skip
EMBEDDING_NAMES = [
    "word_embeddings", "projection/kernel", "projection/bias", "position_embeddings",
    "segment_embeddings", "norm/gamma", "norm/beta",
]  # fmt: skip


def count_params(size: Architecture) -> int:
    """Parameters at full depth, from encoders of one and two blocks: a large one would fill a gigabyte."""
    one, two = (
        build_encoder(size.model_copy(update={"num_layers": depth}), seed=None).count_params()
        for depth in (1, 2)
    )
    return one + (size.num_layers - 1) * (two - one)


def small(**changes: object) -> Architecture:
    return SMALL.model_copy(update=changes)


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("bert_base", 108_891_648),
        ("bert_large", 334_092_288),
        ("ib_bert_large", 294_205_184),
        ("mobilebert", 24_581_888),
        ("mobilebert_no_opt", 24_581_888),
        ("mobilebert_tiny", 15_485_696),
        ("tinybert_4", 14_252_592),
        ("tinybert_6", 66_364_416),
        ("distilbert_6", 66_364_416 - 2 * 768),  # it has no table of segments
    ],
)
def test_sizes_have_the_published_number_of_parameters(size, count):
    assert count_params(SIZES[size]) == count


def test_mobilebert_without_the_shared_bottleneck_has_25_million_parameters():
    size = SIZES["mobilebert"].model_copy(update={"key_query_shared_bottleneck": False})
    assert count_params(size) == 25_359_104


def test_mobilebert_at_full_depth_has_24_million_parameters():
    assert build_encoder("mobilebert", seed=None).count_params() == 24_581_888


def test_names_of_weights_are_those_of_the_docstring():
    names = [weight.path for weight in build_encoder(SMALL).weights]
    expected = [f"encoder/embeddings/{name}" for name in EMBEDDING_NAMES]
    expected += [f"encoder/layer_{layer:02d}/{name}" for layer in range(3) for name in BLOCK_NAMES]
    assert names == expected


def test_names_do_not_depend_on_models_that_were_built_before():
    first = build_encoder(SMALL, name="teacher")
    second = build_encoder(SMALL, name="student")
    assert [weight.path for weight in first.variables] == [weight.path for weight in second.variables]


def test_the_trace_has_every_hidden_state_and_all_attention_logits():
    trace = build_encoder(SMALL)(BATCH)
    assert [state.shape for state in trace["hidden_states"]] == [(2, 5, 16)] * 4
    assert [logits.shape for logits in trace["attention_logits"]] == [(2, 2, 5, 5)] * 3


def test_the_trace_has_what_attention_is_computed_from_where_that_is_asked_for():
    encoder = build_encoder(SMALL, vocab_size=20, returns_projections=True)
    trace, short = encoder(BATCH), truncate(encoder, 1)(BATCH)
    assert set(trace) == {"hidden_states", "attention_logits", "queries", "keys", "values"}
    for name in ("queries", "keys", "values"):
        assert [tensor.shape for tensor in trace[name]] == [(2, 5, SMALL.block_dim)] * 3
        np.testing.assert_array_equal(short[name][0], trace[name][0])
        assert len(short[name]) == 1
    plain = build_encoder(SMALL, vocab_size=20)(BATCH)
    assert set(plain) == {"hidden_states", "attention_logits"}
    np.testing.assert_array_equal(plain["hidden_states"][-1], trace["hidden_states"][-1])


def test_the_trace_has_the_queries_and_keys_of_the_logits_and_the_values_of_the_block():
    size = SMALL.model_copy(update={"initializer_range": 0.5})
    encoder = build_encoder(size, vocab_size=20, returns_projections=True)
    weights = {weight.path: np.asarray(weight) for weight in encoder.weights}
    trace = {name: [np.asarray(tensor) for tensor in tensors] for name, tensors in encoder(BATCH).items()}
    is_real = BATCH["padding_mask"][:, None, None, :] > 0
    for layer in range(3):
        query, key = (
            trace[name][layer].reshape(2, 5, 2, SMALL.block_dim // 2).transpose(0, 2, 1, 3)
            for name in ("queries", "keys")
        )
        logits = query @ key.transpose(0, 1, 3, 2) / np.sqrt(SMALL.block_dim // 2)
        found = trace["attention_logits"][layer]
        np.testing.assert_allclose(
            np.where(is_real, logits, 0), np.where(is_real, found, 0), rtol=1e-3, atol=1e-4
        )
        kernel = weights[f"encoder/layer_{layer:02d}/attention/value/kernel"]
        values = trace["hidden_states"][layer] @ kernel
        np.testing.assert_allclose(trace["values"][layer], values, rtol=1e-3, atol=1e-4)


def test_the_symbolic_trace_has_the_shapes_and_types_of_the_computed_one():
    encoder = build_encoder(SMALL, dtype="mixed_bfloat16")
    symbolic, computed = keras.tree.flatten(encoder.output), keras.tree.flatten(encoder(BATCH))
    for expected, tensor in zip(symbolic, computed, strict=True):
        assert expected.dtype == keras.backend.standardize_dtype(tensor.dtype)
        assert all(a in (None, b) for a, b in zip(expected.shape, tensor.shape, strict=True))


def test_a_truncated_encoder_shares_the_layers_and_stops_after_the_last():
    encoder = build_encoder(SMALL)
    part = truncate(encoder, 2)
    assert part.weights == encoder.weights[: len(EMBEDDING_NAMES) + 2 * len(BLOCK_NAMES)]
    trace, whole = part(BATCH), encoder(BATCH)
    assert (len(trace["hidden_states"]), len(trace["attention_logits"])) == (3, 2)
    assert np.array_equal(trace["hidden_states"][2], whole["hidden_states"][2])
    assert np.array_equal(trace["attention_logits"][1], whole["attention_logits"][1])


def test_a_pretraining_network_can_be_truncated_too():
    part = truncate(build_pretraining_network(SMALL, vocab_size=10), 1)
    assert sorted(part.input) == ["padding_mask", "segment_ids", "token_ids"]
    assert len(part(BATCH)["hidden_states"]) == 2


def test_an_encoder_can_be_truncated_to_its_embeddings():
    encoder = build_encoder(SMALL)
    part = truncate(encoder, 0)
    assert part.weights == encoder.weights[: len(EMBEDDING_NAMES)]
    trace = part(BATCH)
    assert trace["attention_logits"] == []
    assert np.array_equal(trace["hidden_states"][0], encoder(BATCH)["hidden_states"][0])


def test_without_a_seed_kernels_and_tables_are_zero():
    encoder = build_encoder(SMALL, seed=None)
    assert all(not np.any(weight) for weight in encoder.get_weights() if weight.ndim > 1)


def test_dropout_works_in_training_only_and_differs_from_step_to_step():
    encoder = build_encoder(small(hidden_dropout_rate=0.5))
    last = [np.array(encoder(BATCH, training=training)["hidden_states"][-1]) for training in (0, 0, 1, 1)]
    assert np.array_equal(last[0], last[1])
    assert not np.array_equal(last[0], last[2])
    assert not np.array_equal(last[2], last[3])


def test_a_size_without_dropout_has_no_random_state():
    encoder = build_encoder(small(attention_dropout_rate=0.0))
    assert encoder.variables == encoder.weights


@pytest.mark.parametrize("name", ["mobilebert_laptop", "ib_bert_laptop", "tinybert_4"])
def test_bfloat16_keeps_float32_weights_and_logits_and_is_close(name):
    size = SIZES[name].model_copy(update={"num_layers": 2})
    exact = build_encoder(size, vocab_size=10)(BATCH)
    encoder = build_encoder(size, vocab_size=10, dtype=keras.DTypePolicy("mixed_bfloat16"))
    rounded = encoder(BATCH)
    assert {weight.dtype for weight in encoder.weights} == {"float32"}
    assert keras.backend.standardize_dtype(rounded["attention_logits"][0].dtype) == "float32"
    assert keras.backend.standardize_dtype(rounded["hidden_states"][-1].dtype) == "bfloat16"
    difference = keras.ops.cast(rounded["hidden_states"][-1], "float32") - exact["hidden_states"][-1]
    assert np.abs(difference).max() < 0.03 * np.abs(exact["hidden_states"][-1]).max()


def test_two_encoders_with_the_same_names_train_in_one_model():
    teacher, student = build_encoder(SMALL, seed=0), build_encoder(SMALL, seed=1)

    class Pair(keras.Model):
        def call(self, batch, training=None):
            towers = [tower(batch, training=training)["hidden_states"][-1] for tower in (teacher, student)]
            return keras.ops.mean(keras.ops.square(towers[0] - towers[1]), axis=(1, 2))

    teacher.trainable = False
    pair = Pair()
    pair.teacher, pair.student = teacher, student
    pair.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=False)
    frozen = teacher.get_weights()
    losses = pair.fit(BATCH, np.zeros(2), epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert all(
        np.array_equal(before, after) for before, after in zip(frozen, teacher.get_weights(), strict=True)
    )


def test_jax_has_the_same_names_weights_and_outputs():
    script = (
        "import sys, json, numpy as np, keras\n"
        "from mbert_cli.model.heads import build_pretraining_network\n"
        "from mbert_cli.model.options import Architecture\n"
        "given = json.load(sys.stdin)\n"
        "network = build_pretraining_network(Architecture(**given['size']), vocab_size=10, seed=3)\n"
        "outputs = network({key: np.array(value, 'int32') for key, value in given['batch'].items()})\n"
        "arrays = [np.array(tensor).tolist() for tensor in keras.tree.flatten(outputs)]\n"
        "names = [weight.path for weight in network.variables]\n"
        "json.dump([keras.backend.backend(), names, arrays], sys.stdout)\n"
    )
    batch = BATCH | {"masked_positions": np.array([[1, 2], [4, 0]], "int32")}
    given = {"size": SMALL.model_dump(), "batch": {key: value.tolist() for key, value in batch.items()}}
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(given),
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    backend, names, arrays = json.loads(done.stdout)
    network = build_pretraining_network(SMALL, vocab_size=10, seed=3)
    assert backend == "jax"
    assert names == [weight.path for weight in network.variables]
    for theirs, ours in zip(arrays, keras.tree.flatten(network(batch)), strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5)


def test_an_unknown_size_is_refused():
    with pytest.raises(UserError) as caught:
        build_encoder("mobilbert")
    assert caught.value.message == f"A size is one of {', '.join(SIZES)}. Received: 'mobilbert'"
    assert caught.value.hint == "See `mbert recipe explain model.size`."


@pytest.mark.parametrize("num_layers", [-1, 4])
def test_truncating_to_more_blocks_than_there_are_is_refused(num_layers):
    with pytest.raises(UserError) as caught:
        truncate(build_encoder(SMALL), num_layers)
    assert caught.value.message == f"num_layers must be between 0 and the network's 3. Received: {num_layers}"
    assert caught.value.hint == "Choose fewer blocks."
