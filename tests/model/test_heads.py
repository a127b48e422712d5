"""Heads by hand, and the parameter counts and names of whole networks."""

import dataclasses

import keras
import numpy as np
import pytest

from mbert_cli.model.heads import (
    ClassifierHead,
    MaskedLanguageModelHead,
    Pooler,
    TextPooling,
    build_pretraining_network,
    build_task_network,
    logits_alone,
    with_columns,
)
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.weights.variables import read_variables

SMALL = Architecture(
    num_layers=1, hidden_dim=4, num_heads=2, intermediate_dim=6, embedding_dim=2, intra_dim=4,
    trigram_input=True, normalization="no_norm", activation="relu", max_length=8,
)  # fmt: skip
BATCH = {
    "token_ids": np.array([[2, 4, 3], [2, 3, 0]], "int32"),
    "segment_ids": np.zeros((2, 3), "int32"),
    "padding_mask": np.array([[1, 1, 1], [1, 1, 0]], "int32"),
}
HEAD_NAMES = [
    "masked_language_model/transform/kernel",
    "masked_language_model/transform/bias",
    "masked_language_model/transform/norm/gamma",
    "masked_language_model/transform/norm/beta",
    "masked_language_model/output/bias",
    "masked_language_model/output/extra_embeddings",
    "next_sentence/kernel",
    "next_sentence/bias",
]


def count_params(size: Architecture) -> int:
    """Parameters at full depth, from networks of one and two blocks: a large one would fill a gigabyte."""
    sizes = (size.model_copy(update={"num_layers": depth}) for depth in (1, 2))
    one, two = (build_pretraining_network(each, seed=None).count_params() for each in sizes)
    return one + (size.num_layers - 1) * (two - one)


def names_outside_the_encoder(network: keras.Model) -> list[str]:
    return [weight.path for weight in network.weights if not weight.path.startswith("encoder/")]


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("bert_base", 110_106_428),
        ("ib_bert_large", 306_220_860),
        ("mobilebert", 36_597_564),
        ("mobilebert_tiny", 27_501_372),
        ("tinybert_4", 14_479_676),
        ("tinybert_6", 67_579_196),
    ],
)
def test_pretraining_networks_have_the_published_number_of_parameters(size, count):
    assert count_params(SIZES[size]) == count


def test_bert_without_its_pooler_has_the_published_number_of_parameters():
    size = SIZES["bert_base"].model_copy(update={"use_pooler": False})
    assert count_params(size) == 109_515_836


@pytest.mark.parametrize(
    ("size", "encoder", "with_pooler"),
    [
        ("bert_base", 108_891_648, 109_482_240),
        ("bert_large", 334_092_288, 335_141_888),
        ("ib_bert_large", 294_205_184, 294_467_840),
        ("mobilebert", 24_581_888, 24_844_544),
        ("mobilebert_tiny", 15_485_696, 15_748_352),
        ("tinybert_4", 14_252_592, 14_350_248),
        ("tinybert_6", 66_364_416, 66_955_008),
    ],
)
def test_poolers_have_the_published_number_of_parameters(size, encoder, with_pooler):
    pooler = Pooler(SIZES[size].model_copy(update={"use_pooler": True}), name="pooler")
    pooler.build(None)
    assert encoder + pooler.count_params() == with_pooler


def test_names_of_the_pretraining_heads_are_those_of_the_docstring():
    assert names_outside_the_encoder(build_pretraining_network(SMALL, vocab_size=5)) == HEAD_NAMES


def test_names_of_the_classifier_are_those_of_the_docstring():
    network = build_task_network(SMALL.model_copy(update={"use_pooler": True}), vocab_size=5, num_outputs=3)
    expected = ["pooler/kernel", "pooler/bias", "classifier/kernel", "classifier/bias"]
    assert names_outside_the_encoder(network) == expected


def test_networks_with_the_same_seed_have_the_same_encoder():
    networks = [
        build_pretraining_network(SMALL, vocab_size=5, seed=7),
        build_task_network(SMALL, vocab_size=5, num_outputs=2, seed=7),
    ]
    ours, theirs = (
        {k: v for k, v in read_variables(network).items() if k.startswith("encoder/")} for network in networks
    )
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_the_word_table_is_the_first_part_of_the_output_matrix():
    table = keras.Variable([[1.0, 0], [0, 1], [1, 1]], name="word_embeddings")
    head = MaskedLanguageModelHead(SMALL, table, name="masked_language_model")
    head.build()
    head.transform.kernel.assign(np.eye(4))
    head.extra_embeddings.assign([[0, 0], [10, 0], [0, 10]])
    head.bias.assign([100, 200, 300])
    hidden = keras.ops.array([[[9.0, 9, 9, 9], [3, 1, 3, 1]]])  # its LayerNorm is 1 -1 1 -1
    logits = head(hidden, keras.ops.array([[1]], "int32"))
    np.testing.assert_allclose(logits, [[[101, 200 - 1 + 10, 300 - 10]]], rtol=1e-5)
    assert "word_embeddings" not in [weight.path for weight in head.weights]


def test_a_table_as_wide_as_the_hidden_states_needs_no_extra_embeddings():
    size = SIZES["tinybert_4"].model_copy(update={"num_layers": 1})
    names = names_outside_the_encoder(build_pretraining_network(size, vocab_size=5))
    assert "masked_language_model/output/extra_embeddings" not in names


def test_masked_positions_are_those_of_their_own_example():
    network = build_pretraining_network(SMALL, vocab_size=5)
    batch = BATCH | {"masked_positions": np.array([[0, 2], [1, 0]], "int32")}
    both = np.array(network(batch)["masked_logits"])
    assert both.shape == (2, 2, 5)
    for example in range(2):
        alone = {key: value[example : example + 1] for key, value in batch.items()}
        np.testing.assert_allclose(network(alone)["masked_logits"][0], both[example], rtol=1e-5)


def test_the_tied_table_learns_from_both_ends():
    network = build_pretraining_network(SMALL, vocab_size=5)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    targets = {"masked_logits": np.array([[1], [1]]), "next_sentence_logits": np.array([0, 1])}
    network.compile(keras.optimizers.SGD(1.0), dict.fromkeys(targets, loss), jit_compile=False)
    before = read_variables(network)["encoder/embeddings/word_embeddings"]
    batch = BATCH | {"masked_positions": np.array([[1], [1]], "int32")}
    network.fit(batch, targets, verbose=0)
    changed = np.any(before != read_variables(network)["encoder/embeddings/word_embeddings"], axis=1)
    assert changed.all()  # token 1 is in no input: only the output reaches it


def test_the_pooler_takes_the_first_hidden_state():
    hidden = keras.ops.array([[[0.5, 1, 2, 3], [9, 9, 9, 9]]])
    assert np.array(Pooler(SMALL, name="pooler")(hidden)).tolist() == [[0.5, 1, 2, 3]]


def test_the_pooler_of_bert_is_a_dense_tanh_layer():
    pooler = Pooler(SMALL.model_copy(update={"use_pooler": True}), name="pooler")
    pooler.build(None)
    pooler.dense.kernel.assign(2 * np.eye(4))
    hidden = keras.ops.array([[[0.5, 1, 2, 3]]])
    np.testing.assert_allclose(pooler(hidden), np.tanh([[1, 2, 4, 6]]), rtol=1e-6)


def test_the_classifier_drops_in_training_only():
    head, pooled = ClassifierHead(2, dropout_rate=0.5, name="classifier"), keras.ops.ones((1, 64))
    head.build((None, 64))
    head.dense.kernel.assign(np.ones((64, 2)))
    assert np.array(head(pooled, training=False)).tolist() == [[64, 64]]
    assert np.array(head(pooled, training=True)).tolist() != [[64, 64]]


def test_a_classifier_network_fits():
    network = build_task_network(SMALL, vocab_size=5, num_outputs=3)
    loss = {"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    network.compile(keras.optimizers.Adam(0.05), loss, jit_compile=False)
    losses = network.fit(BATCH, {"logits": np.array([0, 2])}, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_logits_are_float32_when_the_layers_compute_in_bfloat16():
    network = build_task_network(SMALL, vocab_size=5, num_outputs=3, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(network(BATCH)["logits"].dtype) == "float32"


def test_a_task_network_can_return_what_its_encoder_returns():
    plain = build_task_network(SMALL, vocab_size=5, num_outputs=3, seed=1)
    open_one = build_task_network(SMALL, vocab_size=5, num_outputs=3, seed=1, returns_trace=True)
    outputs = open_one(BATCH)
    assert [state.shape for state in outputs["hidden_states"]] == [(2, 3, 4)] * 2
    assert [maps.shape for maps in outputs["attention_logits"]] == [(2, 2, 3, 3)]
    np.testing.assert_array_equal(outputs["logits"], plain(BATCH)["logits"])


def test_a_task_network_can_have_its_outputs_in_another_order_or_alone():
    network = build_task_network(SMALL, vocab_size=5, num_outputs=3, seed=1, returns_trace=True)
    outputs = network(BATCH)
    moved = with_columns(network, (2, 0, 1))(BATCH)
    np.testing.assert_array_equal(moved["logits"], outputs["logits"].numpy()[:, [2, 0, 1]])
    np.testing.assert_array_equal(moved["hidden_states"][1], outputs["hidden_states"][1])
    (name,) = alone = logits_alone(network)(BATCH)
    np.testing.assert_array_equal(alone[name], outputs["logits"])


def test_an_answer_network_scores_every_token_whatever_the_padding():
    network = build_task_network(
        SMALL, head=KINDS["question_answering"].head, num_outputs=2, vocab_size=20, seed=1
    )
    assert [weight.path for weight in network.weights[-2:]] == ["answer_span/kernel", "answer_span/bias"]
    tokens = np.array([[3, 4, 5, 0, 0]], "int32")
    inputs = {"token_ids": tokens, "segment_ids": tokens * 0, "padding_mask": (tokens > 0).astype("int32")}
    whole = network(inputs)["logits"]
    short = network({name: array[:, :4] for name, array in inputs.items()})["logits"]
    assert whole.shape == (1, 5, 2)
    np.testing.assert_allclose(whole[:, :3], short[:, :3], atol=1e-6)


def test_the_head_is_drawn_where_the_encoder_is_loaded():
    drawn, loaded = (
        build_task_network("mobilebert_laptop", num_outputs=2, vocab_size=40, seed=3, draws_encoder=draws)
        for draws in (True, False)
    )
    heads = [network.get_layer("classifier").weights[0].numpy() for network in (drawn, loaded)]
    np.testing.assert_array_equal(*heads)
    assert heads[0].any() and not loaded.get_layer("embeddings").word_embeddings.numpy().any()


@pytest.mark.parametrize("name", ["mobilebert", "bert_base"])
def test_a_network_that_ends_in_cls_gives_the_same_logits(name):
    changes = {"num_layers": 2, "hidden_dim": 8, "num_heads": 2, "intermediate_dim": 6, "max_length": 8}
    changes |= {"embedding_dim": 8, "intra_dim": SIZES[name].intra_dim and 4}
    size = SIZES[name].model_copy(update=changes)
    ids = np.array([[2, 7, 9, 3, 0], [2, 5, 6, 8, 3]], "int32")
    batch = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": (ids > 0).astype("int32")}
    whole, part = (
        build_task_network(size, num_outputs=3, vocab_size=10, ends_in_cls=ends)(batch)["logits"]
        for ends in (False, True)
    )
    np.testing.assert_allclose(part, whole, rtol=1e-4, atol=1e-6)


HIDDEN = np.array([[[1, 2], [3, 4], [5, 9]], [[1, 0], [3, 8], [700, -700]]], "float32")


def test_the_mean_of_a_text_is_that_of_its_tokens_alone():
    mean = TextPooling("mean")(HIDDEN, BATCH["padding_mask"])
    np.testing.assert_allclose(mean, [[3, 5], [2, 4]])


def test_the_other_pooling_is_the_state_of_cls():
    np.testing.assert_array_equal(TextPooling("cls")(HIDDEN, BATCH["padding_mask"]), HIDDEN[:, 0])


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_model_of_vectors_has_the_weights_of_its_encoder_alone(pooling):
    head = dataclasses.replace(KINDS["embedding"].head, pooling=pooling)
    network = build_task_network(SMALL, head=head, vocab_size=9, ends_in_cls=True)
    assert {weight.path.split("/")[0] for weight in network.weights} == {"encoder"}
    vectors = network(BATCH)["logits"]
    assert vectors.shape == (2, 4)
    longer = {name: np.pad(values, ((0, 0), (0, 3))) for name, values in BATCH.items()}
    # The first row ends where the batch ends, so that its last token reads no padding.
    np.testing.assert_allclose(network(longer)["logits"][1], vectors[1], atol=1e-6)
