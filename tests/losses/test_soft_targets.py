"""What a student learns from its teacher's answers, in closed form and by property."""

import numpy as np
import pytest
from keras import ops

from mbert_cli.losses.loss import measure
from mbert_cli.losses.tasks import TASK_LOSSES

ROWS, LENGTH = 6, 5
SHAPES = {
    "cross_entropy": (ROWS, 3),
    "binary_cross_entropy": (ROWS, 3),
    "mean_squared_error": (ROWS, 1),
    "answer_span": (ROWS, LENGTH, 2),
    "token_cross_entropy": (ROWS, LENGTH, 3),
}
"""Shapes of the logits by the loss of a kind of task."""
TOKENS = np.array([5, 4, 3, 5, 2, 4])
"""Real tokens of each row."""


def batch_of(length: int = LENGTH) -> dict[str, np.ndarray]:
    """Six rows, of which the last only fills up."""
    real = np.arange(length) < TOKENS[:, None]
    examples = np.array([1, 1, 1, 1, 1, 0], np.float32)
    starts = (np.arange(length) % 2 == 1) & real
    return {
        "padding_mask": real.astype(np.int32),
        "example_weights": examples,
        "label_weights": starts * examples[:, None],
    }


def logits_of(name: str, seed: int) -> dict[str, np.ndarray]:
    return {"logits": np.random.default_rng(seed).normal(0, 2, SHAPES[name]).astype(np.float32)}


def value(name: str, teacher: dict, student: dict, batch: dict, temperature: float = 1.0) -> float:
    soft = TASK_LOSSES[name].soft
    return float(soft.function(teacher, student, batch, soft.weights(batch), temperature))


def probabilities(logits: np.ndarray, axis: int = -1) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def divergence(teacher: np.ndarray, student: np.ndarray) -> np.ndarray:
    return np.sum(teacher * np.log(teacher / student), axis=-1)


def test_every_loss_of_a_task_has_one_against_a_teacher():
    assert TASK_LOSSES.keys() == SHAPES.keys()


def test_labels_are_compared_by_divergence_over_the_rows_that_count():
    teacher = {"logits": np.log(np.array([[1, 3], [1, 1], [9, 1]], np.float32))}
    student = {"logits": np.log(np.array([[1, 1], [1, 1], [1, 9]], np.float32))}
    batch = {"example_weights": np.array([1, 1, 0], np.float32)}
    expected = (0.25 * np.log(0.5) + 0.75 * np.log(1.5)) / 2
    assert value("cross_entropy", teacher, student, batch) == pytest.approx(expected)


def test_a_temperature_divides_the_logits_and_its_square_multiplies_the_loss():
    teacher, student = logits_of("cross_entropy", 0), logits_of("cross_entropy", 1)
    soft = [probabilities(outputs["logits"] / 4) for outputs in (teacher, student)]
    expected = 16 * divergence(*soft)[:5].mean()
    assert value("cross_entropy", teacher, student, batch_of(), 4.0) == pytest.approx(expected, rel=1e-5)


def test_labels_of_words_are_compared_at_the_tokens_that_stand_for_words():
    teacher, student = logits_of("token_cross_entropy", 0), logits_of("token_cross_entropy", 1)
    batch = batch_of()
    apart = divergence(*(probabilities(outputs["logits"] / 2) for outputs in (teacher, student)))
    expected = 4 * np.sum(apart * batch["label_weights"]) / batch["label_weights"].sum()
    assert value("token_cross_entropy", teacher, student, batch, 2.0) == pytest.approx(expected, rel=1e-5)


def test_several_labels_are_compared_one_by_one():
    teacher, student = logits_of("binary_cross_entropy", 0), logits_of("binary_cross_entropy", 1)
    theirs, ours = (1 / (1 + np.exp(-outputs["logits"] / 2)) for outputs in (teacher, student))
    apart = divergence(np.stack([theirs, 1 - theirs], -1), np.stack([ours, 1 - ours], -1))
    expected = 4 * apart[:5].mean()
    assert value("binary_cross_entropy", teacher, student, batch_of(), 2.0) == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_numbers_are_compared_by_their_squared_difference_at_any_temperature(temperature):
    teacher = {"logits": np.array([[1.0], [2.0], [9.0]], np.float32)}
    student = {"logits": np.array([[2.0], [5.0], [0.0]], np.float32)}
    batch = {"example_weights": np.array([1, 1, 0], np.float32)}
    assert value("mean_squared_error", teacher, student, batch, temperature) == pytest.approx(5.0)


def test_answers_are_compared_by_where_they_begin_and_end_among_real_tokens():
    teacher, student = logits_of("answer_span", 0), logits_of("answer_span", 1)
    expected = []
    for row, count in list(enumerate(TOKENS))[:5]:
        theirs, ours = (
            probabilities(outputs["logits"][row, :count] / 2, axis=0).T for outputs in (teacher, student)
        )
        expected.append(divergence(theirs, ours).mean())
    assert value("answer_span", teacher, student, batch_of(), 2.0) == pytest.approx(
        4 * np.mean(expected), rel=1e-5
    )


@pytest.mark.parametrize("name", SHAPES)
def test_a_student_that_says_the_same_as_its_teacher_has_no_loss(name):
    outputs = logits_of(name, 0)
    assert value(name, outputs, outputs, batch_of(), 2.0) == 0.0


@pytest.mark.parametrize("name", SHAPES)
def test_the_order_of_the_rows_changes_nothing(name):
    teacher, student, batch = logits_of(name, 0), logits_of(name, 1), batch_of()
    order = np.array([3, 1, 5, 0, 4, 2])
    moved = [{key: array[order] for key, array in part.items()} for part in (teacher, student, batch)]
    assert value(name, *moved, 2.0) == pytest.approx(value(name, teacher, student, batch, 2.0), rel=1e-6)


@pytest.mark.parametrize("name", ["answer_span", "token_cross_entropy"])
def test_padding_changes_nothing(name):
    teacher, student = logits_of(name, 0), logits_of(name, 1)
    wide = [
        np.pad(part["logits"], [(0, 0), (0, 4), (0, 0)], constant_values=50) for part in (teacher, student)
    ]
    longer = value(name, *({"logits": part} for part in wide), batch_of(LENGTH + 4), 2.0)
    assert longer == pytest.approx(value(name, teacher, student, batch_of(), 2.0), rel=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_a_batch_in_parts_has_the_same_loss_as_the_whole(name):
    teacher, student, batch = logits_of(name, 0), logits_of(name, 1), batch_of()
    soft, total, weight = TASK_LOSSES[name].soft, 0.0, 0.0
    for part in (slice(0, 2), slice(2, 6)):
        parts = [{key: array[part] for key, array in whole.items()} for whole in (teacher, student, batch)]
        weights = float(ops.sum(soft.weights(parts[2])))
        total, weight = total + weights * value(name, *parts), weight + weights
    assert total / weight == pytest.approx(value(name, teacher, student, batch), rel=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_rows_that_nobody_labelled_count_for_the_teacher_alone(name):
    """Their own labels, whatever they are, weigh nothing."""
    teacher, student, batch = logits_of(name, 0), logits_of(name, 1), batch_of()
    labels = {
        "cross_entropy": np.arange(ROWS, dtype=np.int32) % 3,
        "binary_cross_entropy": np.eye(ROWS, 3, dtype=np.float32),
        "mean_squared_error": np.arange(ROWS, dtype=np.float32),
        "token_cross_entropy": np.zeros((ROWS, LENGTH), np.int32),
        "answer_span": None,
    }[name]
    places = {f"{side}_positions": np.ones(ROWS, np.int32) for side in ("start", "end")}
    batch |= places if labels is None else {"labels": labels}
    losses = TASK_LOSSES[name].losses
    mixed = batch | {"hard_weights": np.array([1, 0, 1, 0, 1, 1], np.float32)}
    kept = [0, 2, 4, 5]
    apart = measure(
        losses, {"logits": student["logits"][kept]}, {key: array[kept] for key, array in batch.items()}
    )
    found = measure(losses, student, mixed)
    assert {key: float(loss) for key, loss in found.items()} == pytest.approx(
        {key: float(loss) for key, loss in apart.items()}, rel=1e-6
    )
    assert value(name, teacher, student, mixed) == value(name, teacher, student, batch)


@pytest.mark.parametrize("name", SHAPES)
def test_logits_in_half_precision_are_compared_in_float32(name):
    teacher, student = logits_of(name, 0), logits_of(name, 1)
    half = {"logits": ops.cast(student["logits"], "bfloat16")}
    rounded = {"logits": ops.cast(half["logits"], "float32")}
    assert value(name, teacher, half, batch_of()) == value(name, teacher, rounded, batch_of())
