"""Closed-form values and invariants of the losses of TinyBERT, MiniLM and DistilBERT."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from mbert_cli.losses.loss import Loss, weighted_mean_of_parts
from mbert_cli.losses.tinybert import (
    SCORE_LOSSES,
    TINYBERT_HIDDEN_LOSSES,
    attention_relations,
    attention_scores,
    hidden_cosine,
    hidden_states,
    real_pairs_of,
    relation_losses,
)
from mbert_cli.model.attention import MASKED

LOSSES = TINYBERT_HIDDEN_LOSSES | SCORE_LOSSES | relation_losses(2)
MASK = (np.arange(5) < np.array([[5], [4], [1], [2]])).astype("int32")


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def tensors(name: str, seed: int, width: int = 8) -> np.ndarray | tuple[np.ndarray, ...]:
    """What a loss compares on one side, of 4 texts with 5 places each."""
    if name == "attention_scores":
        return draw(4, 2, 5, 5, seed=seed) + np.float32(MASKED) * (1 - MASK[:, None, None, :])
    if name == "attention_relations":
        return tuple(draw(4, 5, width, seed=seed + part) for part in range(3))
    return draw(4, 5, width, seed=seed)


def rows(tensor, places) -> object:
    return tuple(part[places] for part in tensor) if isinstance(tensor, tuple) else tensor[places]


def columns(tensor, count: int) -> object:
    """The first places of every text; a second axis of places where there is one."""
    if isinstance(tensor, tuple):
        return tuple(columns(part, count) for part in tensor)
    return tensor[:, :, :count, :count] if tensor.ndim == 4 else tensor[:, :count]


def value(name: str, teacher, student, mask=MASK) -> float:
    loss = LOSSES[name]
    return float(loss.function(teacher, student, loss.weights({"padding_mask": mask})))


def test_hidden_states_have_the_mean_squared_error_over_features_and_real_tokens():
    teacher = np.array([[[1.0, 2.0], [0.0, 0.0], [9.0, 9.0]]], "float32")
    student = np.array([[[1.0, 4.0], [3.0, 1.0], [0.0, 0.0]]], "float32")
    expected = ((0 + 4) / 2 + (9 + 1) / 2) / 2
    assert float(hidden_states(teacher, student, np.array([[1, 1, 0]]))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("student", "expected"), [([3.0, 4.0], 0.0), ([-6.0, -8.0], 2.0), ([-4.0, 3.0], 1.0), ([4.0, 3.0], 0.04)]
)
def test_hidden_cosine_is_one_minus_the_cosine(student, expected):
    teacher, student = np.array([[[3.0, 4.0]]], "float32"), np.array([[student]], "float32")
    assert float(hidden_cosine(teacher, student, np.ones((1, 1)))) == pytest.approx(expected, abs=1e-6)


def test_attention_scores_have_the_mean_squared_error_over_heads_and_real_pairs():
    teacher = np.zeros((1, 2, 3, 3), "float32")
    student = np.arange(18, dtype="float32").reshape(1, 2, 3, 3)
    # the pairs of the first two tokens: 0, 1, 3, 4 of the first head and 9, 10, 12, 13 of the second
    expected = sum(score**2 for score in (0, 1, 3, 4, 9, 10, 12, 13)) / 8
    pairs = real_pairs_of(np.array([[1, 1, 0]]))
    assert float(attention_scores(teacher, student, pairs)) == pytest.approx(expected)


def test_texts_count_by_their_pairs_and_not_by_their_tokens():
    teacher, student = np.zeros((2, 1, 2, 2), "float32"), np.zeros((2, 1, 2, 2), "float32")
    student[0] = 1.0  # 4 pairs of error 1, and the other text's one pair of error 9
    student[1] = 3.0
    pairs = real_pairs_of(np.array([[1, 1], [1, 0]]))
    assert float(attention_scores(teacher, student, pairs)) == pytest.approx((4 * 1 + 9) / 5)


@pytest.mark.parametrize("padding", [MASKED, -10_000.0, -np.inf, np.nan])
def test_what_stands_at_padded_keys_changes_neither_attention_scores_nor_their_gradient(padding):
    teacher, student = draw(1, 2, 3, 3, seed=1), draw(1, 2, 3, 3, seed=2)
    pairs = real_pairs_of(np.array([[1, 1, 0]]))
    expected = np.mean(np.square(teacher - student)[..., :2, :2])
    teacher[..., 2], student[..., 2] = padding, MASKED
    student = ops.convert_to_tensor(student)
    with tf.GradientTape() as tape:
        tape.watch(student)
        loss = attention_scores(teacher, student, pairs)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    gradient = tape.gradient(loss, student).numpy()
    assert np.isfinite(gradient).all() and not gradient[..., 2].any() and not gradient[..., 2, :].any()


def test_attention_relations_are_the_kl_divergence_of_each_head_summed_over_queries_keys_and_values():
    # one head of two features: the dot products of [a, 0] and [0, 0] are a * a for the first with itself, else 0
    def vectors(a: float) -> np.ndarray:
        return np.array([[[a, 0.0], [0.0, 0.0]]], "float32")

    def divergence(p: float, q: float) -> float:
        return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))

    def share(a: float) -> float:
        return 1 / (1 + np.exp(-(a**2) / np.sqrt(2)))

    teacher, student = tuple(map(vectors, (1.0, 2.0, 0.5))), tuple(map(vectors, (2.0, 1.0, 0.5)))
    # the second token's relation is even in both models
    expected = (divergence(share(1), share(2)) + divergence(share(2), share(1))) / 2
    found = attention_relations(teacher, student, np.ones((1, 2)), num_heads=1)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_relations_of_models_of_other_widths_and_heads_are_compared():
    teacher, student = tensors("attention_relations", 1, width=12), tensors("attention_relations", 5, width=8)
    assert value("attention_relations", teacher, student) > 0.01


def test_relations_do_not_change_where_heads_are_turned():
    """Queries and keys that are turned alike attend to the same: each token's relations are kept."""
    turned, _ = np.linalg.qr(draw(4, 4, seed=3))
    teacher = tensors("attention_relations", 1)
    student = tuple((part.reshape(4, 5, 2, 4) @ turned).reshape(4, 5, 8) for part in teacher)
    assert value("attention_relations", teacher, student) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_student_that_equals_its_teacher_has_no_loss(name):
    assert value(name, tensors(name, 1), tensors(name, 1)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_padding_changes_nothing(name):
    lengths = np.minimum(MASK, np.arange(5) < 3)
    teacher, student = tensors(name, 1), tensors(name, 5)
    if name == "attention_scores":
        teacher, student = (np.where(lengths[:, None, None, :], side, MASKED) for side in (teacher, student))
    short = value(name, columns(teacher, 3), columns(student, 3), lengths[:, :3])
    assert value(name, teacher, student, lengths) == pytest.approx(short, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_the_order_of_a_batch_changes_nothing(name):
    teacher, student, order = tensors(name, 1), tensors(name, 5), np.array([2, 0, 3, 1])
    turned = value(name, rows(teacher, order), rows(student, order), MASK[order])
    assert turned == pytest.approx(value(name, teacher, student), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_in_parts_has_the_loss_of_the_whole(name):
    teacher, student = tensors(name, 1), tensors(name, 5)
    parts = [slice(0, 1), slice(1, 4)]
    means = [value(name, rows(teacher, part), rows(student, part), MASK[part]) for part in parts]
    weights = [float(ops.sum(LOSSES[name].weights({"padding_mask": MASK[part]}))) for part in parts]
    whole = float(weighted_mean_of_parts(means, weights))
    assert whole == pytest.approx(value(name, teacher, student), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_the_teacher_has_no_gradient_and_the_student_has_one(name):
    teacher, student = (tf.nest.map_structure(ops.convert_to_tensor, tensors(name, seed)) for seed in (1, 5))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([teacher, student])
        loss = LOSSES[name].function(teacher, student, LOSSES[name].weights({"padding_mask": MASK}))
    assert all(gradient is None for gradient in tf.nest.flatten(tape.gradient(loss, teacher)))
    assert all(np.abs(gradient).max() > 0 for gradient in tf.nest.flatten(tape.gradient(loss, student)))


@pytest.mark.parametrize("name", LOSSES)
def test_bfloat16_is_compared_in_float32(name):
    halved = partial(tf.nest.map_structure, lambda array: ops.cast(array, "bfloat16"))
    loss = LOSSES[name].function(
        halved(tensors(name, 1)), halved(tensors(name, 5)), LOSSES[name].weights({"padding_mask": MASK})
    )
    assert ops.dtype(loss) == "float32"


def test_a_text_of_padding_alone_has_no_loss():
    nothing = np.zeros((4, 5), "int32")
    for name in LOSSES:
        assert value(name, tensors(name, 1), tensors(name, 5), nothing) == 0.0


def test_weights_can_follow_from_an_array_of_the_batch():
    loss = Loss(min, "padding_mask", real_pairs_of)
    np.testing.assert_array_equal(loss.weights({"padding_mask": np.array([[1, 0]])}), [[[1, 0], [0, 0]]])
