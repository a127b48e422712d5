"""What a mode rounds follows from its row."""

import pytest

from mbert_cli.tflite.modes import FLOAT_MASK, INTEGER_MASK, MODES, ROUNDED_MODES
from mbert_cli.tflite.roundings import INPUT, NORM_PLACES, Rounding, rounding_of

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
            Rounding(8, 8, places="all", table_bits=8, masked=INTEGER_MASK, has_float_parts=True),
        ),
        (
            "int8_full",
            "npu",
            Rounding(
                8, 8, places="all", symmetric=True, table_bits=8, masked=INTEGER_MASK, has_wide_norms=True
            ),
        ),
        ("int16x8", "cpu", Rounding(16, 8, places="all", symmetric=True, table_bits=8, masked=INTEGER_MASK)),
        ("int4", "cpu", Rounding(8, 4, dynamic=True, block_size=32, clips=True, table_bits=8, word_bits=4)),
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


NORM = [f"attention/norm/{name}" for name in (*NORM_PLACES, "normalized")]


def test_a_cpu_computes_attention_and_layer_norms_in_float_and_an_npu_in_integers():
    places = ["attention/logits", "attention/context", "attention/residual", "attention/sum", *NORM]
    read_by_integers = ["attention/context", "attention/residual", NORM[-1]]
    assert rounding_of("int8_full").learned(places) == read_by_integers
    assert rounding_of("int8_full", "npu").learned(places) == places


def test_an_npu_has_16_bits_for_layer_norms_their_sums_and_what_these_add():
    update = "attention/output"
    places = ["map", f"{update}{INPUT}", update, "attention/residual", "attention/sum", *NORM]
    wide = {update, "attention/residual", "attention/sum", *NORM[:-1]}
    assert rounding_of("int8_full", "npu").wide(places) == wide
    assert rounding_of("int8_full").wide(places) == set()
    assert rounding_of("int8_full", "npu").wide([update, "attention/residual", "attention/sum"]) == set()


def test_sums_are_rounded_where_no_layer_norm_reads_them():
    folded = ["attention/sum", "feed_forward_0/sum"]
    assert rounding_of("int8_full").learned(folded) == folded
    of_a_map = ["map", *(name.replace("attention", "map") for name in NORM)]
    assert rounding_of("int8_full").learned(of_a_map) == ["map", "map/norm/normalized"]
