"""Closed-form values and invariants of the transfer losses."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from mbert_cli.losses.pretraining import masked_language_model_loss
from mbert_cli.losses.transfer import (
    HIDDEN_LOSSES,
    attention_transfer,
    feature_map_transfer,
    feature_mean_transfer,
    feature_variance_transfer,
    knowledge_distillation,
    pretraining_distillation,
)


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def mask(*lengths: int, total: int) -> np.ndarray:
    return (np.arange(total) < np.array(lengths)[:, None]).astype("int32")


def attention_logits(padding_mask: np.ndarray, seed: int, heads: int = 2) -> np.ndarray:
    batch, length = padding_mask.shape
    logits = draw(batch, heads, length, length, seed=seed)
    return logits - 10_000.0 * (1 - padding_mask[:, None, None, :])


def test_feature_map_transfer_of_opposite_states_is_four():
    # normalised, [1, -1] stays and [-1, 1] is its opposite: every squared difference is 2 ** 2
    teacher = np.array([[[1.0, -1.0]]], "float32")
    assert float(feature_map_transfer(teacher, -teacher, np.ones((1, 1)))) == pytest.approx(4.0)


def test_feature_map_transfer_ignores_scale_and_offset_of_a_state():
    teacher = draw(2, 3, 8)
    loss = feature_map_transfer(teacher, 5 * teacher + 3, np.ones((2, 3)))
    assert float(loss) == pytest.approx(0.0, abs=1e-6)


def test_feature_mean_transfer_is_the_squared_difference_of_means():
    teacher = np.array([[[1.0, 3.0], [0.0, 0.0]]], "float32")
    student = np.array([[[0.0, 1.0], [4.0, 4.0]]], "float32")
    # means 2 and 0.5, then 0 and 4
    expected = ((2 - 0.5) ** 2 + 4**2) / 2
    assert float(feature_mean_transfer(teacher, student, np.ones((1, 2)))) == pytest.approx(expected)


def test_feature_variance_transfer_is_the_absolute_difference_of_variances():
    teacher = np.array([[[1.0, 3.0]]], "float32")  # variance 1
    student = np.array([[[0.0, 6.0]]], "float32")  # variance 9
    assert float(feature_variance_transfer(teacher, student, np.ones((1, 1)))) == pytest.approx(8.0)


def test_attention_transfer_is_the_kl_divergence_of_each_head():
    teacher = np.log(np.array([0.5, 0.5], "float32")) * np.ones((1, 1, 2, 1), "float32")
    student = np.log(np.array([0.25, 0.75], "float32")) * np.ones((1, 1, 2, 1), "float32")
    expected = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    assert float(attention_transfer(teacher, student, np.ones((1, 2)))) == pytest.approx(expected, rel=1e-5)


def test_attention_transfer_is_zero_for_equal_distributions():
    padding_mask = mask(4, 2, total=4)
    logits = attention_logits(padding_mask, seed=1)
    assert float(attention_transfer(logits, logits + 7.0, padding_mask)) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("name", HIDDEN_LOSSES)
def test_padding_does_not_change_feature_transfer(name):
    loss = HIDDEN_LOSSES[name].function
    teacher, student = draw(2, 6, 8, seed=1), draw(2, 6, 8, seed=2)
    padding_mask = mask(3, 2, total=6)
    short = loss(teacher[:, :3], student[:, :3], padding_mask[:, :3])
    teacher[:, 3:], student[:, 3:] = 1e3, -1e3
    assert float(loss(teacher, student, padding_mask)) == pytest.approx(float(short), rel=1e-6)


def test_padding_does_not_change_attention_transfer():
    padding_mask = mask(4, 3, total=6)
    teacher, student = attention_logits(padding_mask, 1), attention_logits(padding_mask, 2)
    short = attention_transfer(teacher[..., :4, :4], student[..., :4, :4], padding_mask[:, :4])
    assert float(attention_transfer(teacher, student, padding_mask)) == pytest.approx(float(short), rel=1e-5)


def test_bfloat16_states_are_compared_in_float32():
    teacher = ops.cast(draw(1, 2, 4), "bfloat16")
    loss = feature_mean_transfer(teacher, ops.zeros((1, 2, 4), "bfloat16"), np.ones((1, 2)))
    assert ops.dtype(loss) == "float32"


def test_knowledge_distillation_scales_with_the_square_of_the_temperature():
    teacher, student = draw(1, 1, 5, seed=1), draw(1, 1, 5, seed=2)
    weights = np.ones((1, 1))
    softened = float(knowledge_distillation(teacher / 3, student / 3, weights))
    assert float(knowledge_distillation(teacher, student, weights, 3.0)) == pytest.approx(
        9 * softened, rel=1e-5
    )


def test_knowledge_distillation_is_the_kl_divergence_over_predictions_that_count():
    teacher = np.log(np.array([[[0.5, 0.5], [0.9, 0.1]]], "float32"))
    student = np.log(np.array([[[0.25, 0.75], [0.1, 0.9]]], "float32"))
    expected = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    loss = knowledge_distillation(teacher, student, np.array([[1, 0]]))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_a_loss_reaches_the_student_alone():
    teacher, student = ops.convert_to_tensor(draw(1, 2, 4)), ops.convert_to_tensor(draw(1, 2, 4, seed=1))
    tape = tf.GradientTape()
    with tape:
        tape.watch([teacher, student])
        loss = feature_map_transfer(teacher, student, np.ones((1, 2)))
    of_teacher, of_student = tape.gradient(loss, [teacher, student])
    assert of_teacher is None
    assert np.abs(of_student).max() > 0


@pytest.mark.parametrize("ratio", [0.0, 0.25, 1.0])
def test_pretraining_distillation_mixes_text_and_teacher(ratio):
    teacher, student = draw(2, 3, 7, seed=1), draw(2, 3, 7, seed=2)
    batch = {"masked_ids": np.array([[1, 2, 3], [4, 5, 0]])}
    weights = np.array([[1, 1, 1], [1, 0, 0]], "float32")
    hard = float(masked_language_model_loss({"masked_logits": student}, batch, weights))
    soft = float(knowledge_distillation(teacher, student, weights))
    outputs = {"masked_logits": teacher}, {"masked_logits": student}
    loss = pretraining_distillation(*outputs, batch, weights, ground_truth_ratio=ratio)
    assert float(loss) == pytest.approx(ratio * hard + (1 - ratio) * soft, rel=1e-5)
