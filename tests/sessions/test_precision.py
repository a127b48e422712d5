"""What a plan says of bfloat16 on the processor at hand."""

import pytest

from mbert_cli.cost.options import PlanOptions
from mbert_cli.sessions import precision
from mbert_cli.sessions.precision import compare_products, precision_fact
from mbert_cli.train.options import TrainOptions

FLOAT32, BFLOAT16 = TrainOptions(), TrainOptions(precision="bfloat16")
HERE = PlanOptions()


@pytest.fixture
def processor(monkeypatch):
    """Sets the instructions of the processor."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return lambda found: monkeypatch.setattr(precision, "bfloat16_instructions", lambda: found)


def test_a_processor_with_instructions_for_bfloat16_is_named_without_a_number(processor):
    processor("avx512_bf16")
    assert precision_fact(FLOAT32, HERE, is_probed=False) == (
        "float32; this processor has instructions for bfloat16 (avx512_bf16), and may train faster with "
        "--set train.precision=bfloat16"
    )
    assert precision_fact(BFLOAT16, HERE, is_probed=False) is None


def test_a_probe_says_what_was_timed(processor, monkeypatch):
    processor("amx_bf16")
    monkeypatch.setattr(precision, "compare_products", lambda: 2.5)
    fact = precision_fact(FLOAT32, HERE, is_probed=True)
    assert fact.endswith("(amx_bf16): with --set train.precision=bfloat16 products of matrices take 40% of the time, "
                         "as timed just now, and a step gains less than they do")  # fmt: skip


def test_bfloat16_without_instructions_is_no_gain(processor):
    processor("")
    assert precision_fact(FLOAT32, HERE, is_probed=False) is None
    assert precision_fact(BFLOAT16, HERE, is_probed=False) == (
        "bfloat16, for which this processor has no instructions: a step may take longer than in float32"
    )


@pytest.mark.parametrize("options", [FLOAT32, BFLOAT16])
def test_of_an_unknown_processor_nothing_is_said(processor, options):
    processor(None)
    assert precision_fact(options, HERE, is_probed=False) is None


def test_nothing_is_said_of_other_machines_and_libraries(processor, monkeypatch):
    processor("avx512_bf16")
    assert precision_fact(FLOAT32, PlanOptions(teraflops=100.0), is_probed=False) is None
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert precision_fact(FLOAT32, HERE, is_probed=False) is None


def test_products_are_timed_in_both_precisions():
    assert 0.05 < compare_products() < 50
