"""The loss of frequencies alone, in closed form, and when a training is told of it."""

import numpy as np
import pytest

from mbert_cli.losses.tasks import TASK_LOSSES, TaskLoss
from mbert_cli.tasks.chance import ChanceWatch, frequency_loss
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.train.stage import Schedule, Stage


def weighted(kind: str, weights: list[float]) -> TaskLoss:
    return TASK_LOSSES[KINDS[kind].loss].with_factors(weights, 0.0)


def ones(rows: int) -> np.ndarray:
    return np.ones(rows, np.float32)


def test_the_chance_of_labels_is_their_entropy():
    batch = {"labels": np.array([0, 0, 0, 1], np.int32), "example_weights": ones(4)}
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert frequency_loss(TASK_LOSSES[KINDS["classification"].loss], batch) == pytest.approx(
        entropy, rel=1e-5
    )


def test_balanced_weights_make_the_chance_that_of_equal_labels():
    batch = {"labels": np.array([0, 0, 0, 1], np.int32), "example_weights": ones(4)}
    loss = weighted("classification", [4 / 6, 4 / 2])
    assert frequency_loss(loss, batch) == pytest.approx(np.log(2), rel=1e-5)


def test_the_chance_of_several_labels_is_the_mean_of_their_entropies():
    labels = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], np.int32)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    batch = {"labels": labels, "example_weights": ones(4)}
    assert frequency_loss(TASK_LOSSES[KINDS["multi_label"].loss], batch) == pytest.approx(entropy, rel=1e-5)


def test_the_chance_of_a_number_is_its_variance():
    batch = {"labels": np.array([1.0, 2.0, 3.0, 6.0], np.float32), "example_weights": ones(4)}
    assert frequency_loss(TASK_LOSSES[KINDS["regression"].loss], batch) == pytest.approx(3.5, rel=1e-5)


def test_the_chance_of_an_answer_is_the_entropy_of_its_places():
    batch = {
        "start_positions": np.array([0, 0, 2, 2], np.int32),
        "end_positions": np.array([3, 3, 3, 3], np.int32),
        "padding_mask": np.ones((4, 5), np.int32),
        "example_weights": ones(4),
    }
    assert frequency_loss(TASK_LOSSES[KINDS["question_answering"].loss], batch) == pytest.approx(
        np.log(2) / 2, rel=1e-5
    )


def test_tokens_without_a_label_have_no_part_in_the_chance():
    labels = np.array([[0, 1, 0, 0], [1, 0, 0, 0]], np.int32)
    weights = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], np.float32)
    batch = {"labels": labels, "label_weights": weights}
    assert frequency_loss(TASK_LOSSES[KINDS["token_classification"].loss], batch) == pytest.approx(
        np.log(2), rel=1e-5
    )


class Shown:
    def __init__(self) -> None:
        self.updates: list[tuple[int, dict]] = []

    def update(self, step: int, **fields: object) -> None:
        self.updates.append((step, fields))


def warnings_of(losses: list[float], steps: int) -> list[str]:
    """What a training of that many steps is told, if its log lines, ten steps apart, have these losses."""
    told: list[str] = []
    stage = Stage("fine-tuning", steps, {"cross_entropy": 1.0}, Schedule(1e-3, steps, steps // 10, 0.0))
    watch = ChanceWatch(Shown(), stage, 0.7, "Try 1e-4.", told.append)
    for index, loss in enumerate(losses):
        watch.update(10 * index + 9)
        watch.update(10 * (index + 1), loss=loss, stage="fine-tuning")
    return told


def test_a_training_that_learns_is_told_nothing():
    assert warnings_of([0.71, 0.71, 0.71, 0.71, 0.6, 0.6, *[0.5] * 14], steps=200) == []


def test_a_training_at_chance_is_told_after_the_warm_up_and_at_the_end():
    assert warnings_of([0.71] * 20, steps=200) == [
        f"In steps {when}, the training loss is no better than that of answering by the frequencies of the "
        "labels: 0.7100 against 0.7000. Try 1e-4."
        for when in ("40 to 60, after the warm-up", "180 to 200, at the end")
    ]


def test_the_warning_comes_on_the_spot():
    assert warnings_of([0.71] * 5, steps=200) == []
    assert len(warnings_of([0.71] * 6, steps=200)) == 1


def test_a_training_of_a_few_steps_is_told_nothing():
    assert warnings_of([0.71] * 4, steps=40) == []


def test_progress_is_shown_as_it_comes():
    shown = Shown()
    stage = Stage("fine-tuning", 200, {}, Schedule(1e-3, 200, 20, 0.0))
    watch = ChanceWatch(shown, stage, 0.7, "", lambda text: None)
    watch.update(3)
    watch.update(10, loss=0.5)
    assert shown.updates == [(3, {}), (10, {"loss": 0.5})]


def test_a_last_stage_is_judged_by_its_own_steps():
    told: list[str] = []
    stage = Stage("answers", 200, {"soft_targets": 1.0}, Schedule(1e-3, 200, 20, 0.0))
    watch = ChanceWatch(Shown(), stage, 0.7, "Try 1e-4.", told.append, start=1000)
    for step in range(10, 1201, 10):
        watch.update(step, loss=0.9 if step <= 1000 else 0.5)
    assert told == []
    late = ChanceWatch(Shown(), stage, 0.7, "Try 1e-4.", told.append, start=1000)
    for step in range(10, 1201, 10):
        late.update(step, loss=0.5 if step <= 1000 else 0.7)
    assert [text.partition(",")[0] for text in told] == ["In steps 1", "In steps 1"]
    assert "In steps 1,180 to 1,200, at the end" in told[1]
