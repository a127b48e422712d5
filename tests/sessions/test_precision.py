"""What a plan says of bfloat16 on the processor at hand."""

import pytest

from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.passes import Passes
from mbert_cli.cost.speed import TimedStage
from mbert_cli.cost.training import StageCost
from mbert_cli.sessions import precision
from mbert_cli.sessions.precision import (
    MEASURED,
    ProductSpeed,
    compare_products,
    expected_time,
    precision_fact,
)
from mbert_cli.train.options import OptimizerOptions, TrainOptions
from mbert_cli.train.stage import Stage, make_schedule

FLOAT32, BFLOAT16 = TrainOptions(), TrainOptions(precision="bfloat16")
HERE = PlanOptions()


@pytest.fixture
def processor(monkeypatch):
    """Sets the instructions of the processor."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return lambda found: monkeypatch.setattr(precision, "bfloat16_instructions", lambda: found)


def timed(operations: float, seconds: float) -> TimedStage:
    stage = Stage("training", 1, {"loss": 1.0}, make_schedule(OptimizerOptions(), 1))
    return TimedStage(StageCost(stage, Passes(forward=operations), 0.0, 1), seconds, 0.0)


def test_a_processor_that_was_measured_is_named_with_what_was_measured(processor):
    processor("avx512_bf16")
    assert precision_fact(FLOAT32, HERE) == (
        "float32; this processor has instructions for bfloat16 (avx512_bf16), and with --set train.precision=bfloat16 "
        f"a step of a full-size MobileBERT took {MEASURED['avx512_bf16']:.0%} of the time on such a processor; "
        "--probe times this one"
    )
    assert precision_fact(BFLOAT16, HERE) is None


def test_another_processor_with_instructions_is_named_without_a_number(processor):
    processor("amx_bf16")
    assert precision_fact(FLOAT32, HERE) == (
        "float32; this processor has instructions for bfloat16 (amx_bf16), and may train faster with "
        "--set train.precision=bfloat16; --probe says by how much"
    )


def test_only_products_become_faster():
    speed = ProductSpeed(float32=100.0, ratio=2.0)
    assert expected_time([timed(60, 1.0), timed(100, 1.0)], speed) == pytest.approx((0.8, 0.6))
    assert expected_time([timed(400, 1.0)], speed) == (1.0, 0.5)  # timed while others worked


def test_a_probe_says_what_was_timed(processor, monkeypatch):
    processor("amx_bf16")
    monkeypatch.setattr(precision, "compare_products", lambda: ProductSpeed(float32=100.0, ratio=2.5))
    fact = precision_fact(FLOAT32, HERE, [timed(75, 1.0)])
    assert fact.endswith("(amx_bf16): with --set train.precision=bfloat16 a step would take about 55% of the time, "
                         "since products of matrices, 75% of it, take 40%, as timed just now")  # fmt: skip


def test_bfloat16_without_instructions_is_no_gain(processor):
    processor("")
    assert precision_fact(FLOAT32, HERE) is None
    assert precision_fact(BFLOAT16, HERE) == (
        "bfloat16, for which this processor has no instructions: a step may take longer than in float32"
    )


@pytest.mark.parametrize("options", [FLOAT32, BFLOAT16])
def test_of_an_unknown_processor_nothing_is_said(processor, options):
    processor(None)
    assert precision_fact(options, HERE) is None


def test_nothing_is_said_of_other_machines_and_libraries(processor, monkeypatch):
    processor("avx512_bf16")
    assert precision_fact(FLOAT32, PlanOptions(teraflops=100.0)) is None
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert precision_fact(FLOAT32, HERE) is None


def test_products_are_timed_in_both_precisions():
    speed = compare_products()
    assert 0.05 < speed.ratio < 50
    assert speed.float32 > 1e8
