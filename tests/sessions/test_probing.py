"""Steps that are timed before a training."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training, cost_of_stage
from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.invocation import invoke
from mbert_cli.sessions import probing
from mbert_cli.sessions.plan import Planned
from mbert_cli.train.options import OptimizerOptions, TrainOptions
from mbert_cli.train.stage import Stage, make_schedule

STAGE = Stage("fine-tuning", 11, {"words": 1.0}, make_schedule(OptimizerOptions(), 11))
NETWORK = Network(SIZES["mobilebert_laptop"], 50)


def short_or_long(step: int) -> dict[str, np.ndarray]:
    """Batches of 32 and 8 tokens in turns."""
    return {"token_ids": np.zeros((6, 8 if step % 2 else 32), np.int32)}


class Trained:
    """An objective that only remembers the lengths of the batches that it is fitted to."""

    def __init__(self) -> None:
        self.lengths: list[list[int]] = []
        self.record = SimpleNamespace(read=lambda: None)

    def fit(self, feed, *, steps_per_epoch: int, **others: object) -> None:
        self.lengths.append([batch["token_ids"].shape[1] for (batch,) in feed])
        assert len(self.lengths[-1]) == steps_per_epoch


def test_a_probe_times_steps_apart_from_what_comes_before_them(monkeypatch):
    objective, clock = Trained(), iter([100.0, 107.0, 108.1])  # begun, warm, 11 steps later
    monkeypatch.setattr(probing, "compile_stage", lambda *arguments: None)
    monkeypatch.setattr(
        probing, "feed_of", lambda objective, batches, steps: [(batches(one),) for one in steps]
    )
    monkeypatch.setattr(probing.time, "perf_counter", lambda: next(clock))
    training = Training("task_model", NETWORK, 6, {8: 0.75, 32: 0.25})
    invocation = invoke("finetune", "quickstart", [], {})
    planned = Planned(invocation, [STAGE], training, TrainOptions(), PlanOptions())
    (timed,) = probing.probe(planned, lambda stage: objective, short_or_long)
    # Each length once, the first once more; then the steps that count.
    assert [sorted(lengths) for lengths in objective.lengths] == [[8, 32, 32], [8] * 5 + [32] * 6]
    assert timed.first_step_seconds == pytest.approx(7.0 - 3 * 0.1)
    # Of these steps 6 in 11 were long, of the training a quarter is.
    run = Training("task_model", NETWORK, 6, {8: 5 / 11, 32: 6 / 11})
    expected = 0.1 * timed.cost.step.total / cost_of_stage(run, STAGE).step.total
    assert timed.step_seconds == pytest.approx(expected)


def test_what_two_devices_take_is_half_of_what_one_would(monkeypatch):
    monkeypatch.setattr(probing, "_time_stage", lambda *arguments: (7.0, 0.1))
    training = Training("task_model", NETWORK, 6, {32: 1.0})
    invocation = invoke("finetune", "quickstart", [], {})
    planned = Planned(invocation, [STAGE], training, TrainOptions(), PlanOptions(), devices=2)
    (timed,) = probing.probe(planned, lambda stage: Trained(), lambda step: short_or_long(0))
    assert timed.step_seconds == pytest.approx(0.2)


def test_an_exchange_that_the_plan_adds_is_taken_from_what_was_measured(monkeypatch):
    monkeypatch.setattr(probing, "_time_stage", lambda *arguments: (7.0, 0.1))
    training = Training("task_model", NETWORK, 6, {32: 1.0})
    invocation = invoke("finetune", "quickstart", [], {})
    gigabytes = cost_of_stage(training, STAGE).gradient_bytes / 1e9  # which two devices send once each
    machines = PlanOptions(bandwidth=gigabytes / 0.04)
    planned = Planned(invocation, [STAGE], training, TrainOptions(), machines, devices=2)
    timed = probing.probe(planned, lambda stage: Trained(), lambda step: short_or_long(0))
    assert timed[0].step_seconds == pytest.approx(2 * 0.06)
    estimate = planned.estimate(timed)
    assert estimate.on(2).seconds == pytest.approx(11 * 0.1)
    slow = replace(planned, machines=PlanOptions(bandwidth=gigabytes / 0.2))
    with pytest.raises(
        UserError, match=r"Received: 100 ms measured on 2 devices, and 200 ms by plan\.bandwidth="
    ):
        probing.probe(slow, lambda stage: Trained(), lambda step: short_or_long(0))
