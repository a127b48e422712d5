"""What is not finite ends a training, with its name, its step and what to go back to."""

from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.errors import Diverged
from mbert_cli.train.finite import require_finite_losses, require_finite_weights
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Schedule, Stage

STAGE = Stage("s", 10, {}, Schedule(0.1, 10, 0, 1.0))
TRANSFER = Stage("transfer layer_00", 10, {}, STAGE.schedule, rate_key="distill.transfer_learning_rate")


def test_the_first_loss_that_is_not_finite_is_named_with_its_step(tmp_path: Path):
    figures = {
        "loss/total": [1.0, 2.0, float("inf")],
        "loss/attention": [1.0, float("nan"), 1.0],
        "metric/accuracy": [float("nan")] * 3,
    }
    with pytest.raises(Diverged) as failure:
        require_finite_losses(figures, TRANSFER, 1000, tmp_path)
    assert failure.value.message == (
        "A loss must stay finite. Received: loss/attention nan in stage transfer layer_00 at step 1,002, after finite "
        "losses up to step 1,001"
    )
    assert failure.value.hint == (
        "There is no checkpoint yet. Lower distill.transfer_learning_rate and begin again with --fresh."
    )


def test_a_measure_that_is_no_loss_need_not_be_finite(tmp_path: Path):
    require_finite_losses({"metric/accuracy": [float("nan")], "loss/total": [1.0]}, STAGE, 0, tmp_path)


def test_a_weight_that_is_not_finite_is_named(tmp_path: Path):
    value = keras.Input((3,), name="value")
    network = keras.Model({"value": value}, keras.layers.Dense(2, name="head")(value))
    objective = Objective(network, lambda batch, training: {}, {})
    require_finite_weights(objective, STAGE, 7, tmp_path)
    network.get_layer("head").bias.assign([0.0, np.inf])
    with pytest.raises(Diverged) as failure:
        require_finite_weights(objective, STAGE, 7, tmp_path)
    assert failure.value.message == (
        "Weights must stay finite. Received: head/bias with nan or infinity in stage s after step 7"
    )


def test_a_weight_of_a_companion_that_is_not_finite_is_named(tmp_path: Path):
    value = keras.Input((3,), name="value")
    network = keras.Model({"value": value}, keras.layers.Dense(2, name="head")(value))
    projection = keras.layers.Dense(1, use_bias=False, name="projection")
    projection.build((None, 2))
    projection.kernel.assign([[np.nan], [0.0]])
    objective = Objective(network, lambda batch, training: {}, {}, companions=[projection])
    with pytest.raises(Diverged, match="projection/kernel with nan or infinity"):
        require_finite_weights(objective, STAGE, 7, tmp_path)
