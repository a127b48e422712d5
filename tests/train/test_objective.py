"""What a stage minimises, and the record of its figures."""

import keras
import numpy as np
import pytest
from keras import ops

from mbert_cli.train.feed import Feed
from mbert_cli.train.objective import RECORDED_STEPS, LossRecord, Objective


def make_network() -> keras.Model:
    """logits = value * w, with w = 2."""
    value = keras.Input((1,), name="value")
    scale = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=keras.initializers.Constant(2.0), name="scale"
    )
    return keras.Model({"value": value}, scale(value))


def make_objective(loss_weights: dict[str, float], optimizer: object = None) -> Objective:
    network = make_network()

    def losses(batch, training):
        mean = ops.mean(network({"value": batch["value"]}, training=training))
        return {"mean": mean, "square": mean**2, "training": ops.cast(training, "float32")}

    objective = Objective(network, losses, loss_weights)
    objective.compile(optimizer=optimizer or keras.optimizers.SGD(0.0))
    return objective


def batch_at(step: int) -> dict[str, np.ndarray]:
    return {"value": np.full((2, 1), step, "float32")}


def fit(objective: Objective, steps: range) -> tuple[int, dict[str, list[float]]]:
    objective.fit(Feed(batch_at, steps), steps_per_epoch=len(steps), shuffle=False, verbose=0)
    count, figures = objective.record.read()
    return count, {name: rows.tolist() for name, rows in figures.items()}


def test_the_total_is_the_weighted_sum_and_every_loss_is_recorded_by_step():
    count, figures = fit(make_objective({"mean": 3.0, "square": 0.5}), range(1, 4))
    assert count == 3
    assert figures == {
        "total": [3 * 2 + 0.5 * 4, 3 * 4 + 0.5 * 16, 3 * 6 + 0.5 * 36],
        "mean": [2.0, 4.0, 6.0],
        "square": [4.0, 16.0, 36.0],
        "training": [1.0, 1.0, 1.0],
    }


def test_each_fit_begins_a_new_record():
    objective = make_objective({"mean": 1.0})
    fit(objective, range(5))
    assert fit(objective, range(3, 5)) == (
        2, {"total": [6.0, 8.0], "mean": [6.0, 8.0], "square": [36.0, 64.0], "training": [1.0, 1.0]},
    )  # fmt: skip


def test_only_losses_with_a_weight_have_a_gradient():
    objective = make_objective({"square": 1.0, "mean": 0.0}, keras.optimizers.SGD(0.125))
    fit(objective, range(1, 2))
    # d(square)/dw = 2 w value^2 = 4, so w = 2 - 0.125 * 4
    np.testing.assert_allclose(objective.network.weights[0].numpy(), [[1.5]])


def test_the_weights_of_the_network_are_those_of_the_objective():
    objective = make_objective({"mean": 1.0})
    assert [weight.path for weight in objective.trainable_variables] == ["scale/kernel"]


def test_a_weight_for_a_loss_that_is_not_computed_is_refused():
    with pytest.raises(ValueError) as refusal:
        fit(make_objective({"mean": 1.0, "attention": 1.0}), range(1))
    assert str(refusal.value) == (
        "Every loss with a weight must be computed. Received: weights for attention, losses mean, square, training"
    )


def test_steps_beyond_the_rows_are_added_to_the_first_rows():
    record = LossRecord()
    for step in range(RECORDED_STEPS + 2):
        record.update_state({"loss": float(step)})
    steps, figures = record.read()
    assert steps == RECORDED_STEPS + 2
    assert figures["loss"][:3].tolist() == [64.0, 66.0, 2.0]
    assert figures["loss"].sum() == sum(range(RECORDED_STEPS + 2))


def test_a_figure_that_is_not_finite_stays_in_its_row():
    record = LossRecord()
    for value in (1.0, float("nan"), 2.0):
        record.update_state({"loss": value})
    assert record.read()[1]["loss"].tolist() == pytest.approx([1.0, float("nan"), 2.0], nan_ok=True)


def test_more_figures_than_there_is_room_for_are_refused():
    with pytest.raises(ValueError) as refusal:
        LossRecord().update_state({str(place): 0.0 for place in range(33)})
    assert str(refusal.value) == "A step can have 32 figures. Received: 33"
