"""What a mode rounds follows from its row."""

import pytest

from mbert_cli.tflite.modes import FLOAT_MASK, INTEGER_MASK, MODES, ROUNDED_MODES
from mbert_cli.tflite.roundings import Rounding, rounding_of

PLACES = ["map/input", "map", "attention/logits", "attention/probabilities", "sum", "activation"]


def test_the_modes_of_integers_can_be_learned_and_no_others():
    assert set(MODES) - set(ROUNDED_MODES) == {"float32", "float16"}


@pytest.mark.parametrize(
    ("mode", "target", "expected"),
    [
        ("dynamic_int8", "cpu", Rounding(8, 8, dynamic=True, table_bits=8)),
        ("int8", "cpu", Rounding(8, 8, table_bits=8)),
        (
            "int8_full",
            "cpu",
            Rounding(8, 8, places="all", table_bits=8, masked=INTEGER_MASK, has_float_attention=True),
        ),
        ("int8_full", "npu", Rounding(8, 8, places="all", symmetric=True, table_bits=8, masked=INTEGER_MASK)),
        ("int16x8", "cpu", Rounding(16, 8, places="all", symmetric=True, table_bits=8, masked=INTEGER_MASK)),
        ("int4", "cpu", Rounding(8, 4, dynamic=True, block_size=32, clips=True, table_bits=8)),
    ],
)
def test_what_a_mode_rounds(mode, target, expected):
    assert rounding_of(mode, target, block_size=32) == expected
    assert expected.masked in (FLOAT_MASK, INTEGER_MASK)


@pytest.mark.parametrize(
    ("mode", "learned"),
    [("dynamic_int8", []), ("int8", ["map/input", "map"]), ("int8_full", ["map", "sum"]), ("int4", [])],
)
def test_which_places_have_a_range_of_their_own(mode, learned):
    assert rounding_of(mode).learned(PLACES) == learned


def test_a_cpu_computes_attention_in_float_and_an_npu_in_integers():
    for target, floats in (("cpu", True), ("npu", False)):
        rounding = rounding_of("int8_full", target)
        assert rounding.leaves_float("attention/logits") is floats
        assert ("attention/logits" in rounding.learned(PLACES)) is not floats
        assert not rounding.leaves_float("attention/context")  # which a dense map reads
