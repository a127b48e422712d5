"""The rows of the quantization modes, and that all else is read from them."""

import pytest
from pydantic import ValidationError

from mbert_cli.model.cost import count_parameters, size_bytes
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.keys import keys_of
from mbert_cli.tflite.modes import INTEGER_MASK, MODES, described_modes, kept_mode
from mbert_cli.tflite.options import ExportOptions


def test_a_recipe_takes_the_names_of_the_table_and_no_others():
    quantize = next(key for key in keys_of("export-tflite") if key.path == "export.quantize")
    assert quantize.choices == tuple(MODES)
    assert all(ExportOptions(quantize=name).quantize == name for name in MODES)
    with pytest.raises(ValidationError):
        ExportOptions(quantize="int9")


def test_the_help_names_every_mode_with_what_a_person_gets():
    quantize = next(key for key in keys_of("export-tflite") if key.path == "export.quantize")
    assert quantize.help == f"One mode or a list of them: {described_modes()}."
    assert described_modes().startswith(
        "float32, float16 (half the size), dynamic_int8 (a quarter of the size, and "
    )
    assert ", or int4 (" in described_modes()


@pytest.mark.parametrize(
    ("name", "kernel", "table", "vector"),
    [
        ("float32", 4, 4, 4),
        ("float16", 2, 2, 2),
        ("dynamic_int8", 1, 1, 4),
        ("int8", 1, 1, 4),
        ("int8_full", 1, 1, 4),
        ("int16x8", 1, 1, 4),
        ("int4", 0.5, 0.5, 4),
    ],
)
def test_bytes_follow_from_what_weights_are_stored_in(name, kernel, table, vector):
    mode = MODES[name]
    assert (mode.kernel_bytes, mode.table_bytes, mode.vector_bytes) == (kernel, table, vector)


@pytest.mark.parametrize(
    ("name", "weight_bits", "range_bits"),
    [
        ("float32", 32, None),
        ("float16", 16, None),
        ("dynamic_int8", 8, None),
        ("int8", 8, 8),
        ("int8_full", 8, 8),
        ("int16x8", 8, 16),
        ("int4", 4, None),
    ],
)
def test_bits_are_those_of_kernels_and_of_what_has_fixed_ranges(name, weight_bits, range_bits):
    mode = MODES[name]
    assert (mode.weight_bits, mode.range_bits) == (weight_bits, range_bits)
    assert mode.has_8_bit_ranges == (range_bits == 8)
    assert mode.has_4_bit_kernels == mode.has_4_bit_words == (name == "int4")
    assert mode.is_dynamic == (name in ("dynamic_int8", "int4"))
    assert mode.takes_row_ranges == (name == "int8")


def test_a_target_decides_what_is_symmetric_float_or_wide():
    full = MODES["int8_full"]
    assert [full.is_symmetric(target) for target in ("cpu", "npu")] == [False, True]
    assert [full.has_float_parts(target) for target in ("cpu", "npu")] == [True, False]
    assert [full.has_wide_norms(target) for target in ("cpu", "npu")] == [False, True]
    assert MODES["int16x8"].is_symmetric("cpu")
    assert not any(
        mode.has_float_parts("cpu") or mode.has_wide_norms("npu") for mode in MODES.values() if mode != full
    )


def test_what_is_kept_in_higher_precision_has_a_mode_of_the_target():
    assert [kept_mode(target) for target in ("cpu", "gpu", "npu")] == [
        "dynamic_int8",
        "dynamic_int8",
        "float32",
    ]
    assert all(target in MODES[kept_mode(target)].targets for target in ("cpu", "gpu", "npu"))


def test_what_has_ranges_of_activations_is_calibrated():
    assert [name for name, mode in MODES.items() if mode.needs_calibration] == [
        "int8",
        "int8_full",
        "int16x8",
    ]
    assert all(
        mode.is_quantized_after == (mode.activations in ("int8", "int16"))
        for name, mode in MODES.items()
        if name != "int4"
    )


def test_integer_attention_has_a_mask_that_leaves_room_for_logits():
    assert {name for name, mode in MODES.items() if mode.mask == INTEGER_MASK} == {
        name for name, mode in MODES.items() if mode.quantized_operations == "all"
    }


def test_every_target_runs_some_mode_and_the_default_runs_on_a_cpu():
    assert {target for mode in MODES.values() for target in mode.targets} == {"cpu", "gpu", "npu"}
    assert "cpu" in MODES[ExportOptions().quantize].targets
    assert MODES["int16x8"].targets == ("npu",)


def test_the_summaries_say_what_the_bytes_say():
    size = SIZES["mobilebert"]
    sizes = {
        name: size_bytes(size, 30_522, kernel_bytes=mode.kernel_bytes, vector_bytes=mode.vector_bytes)
        for name, mode in MODES.items()
    }
    assert sizes["float32"] == 4 * count_parameters(size, 30_522)
    assert sizes["float16"] * 2 == sizes["float32"]
    assert sizes["dynamic_int8"] * 4 == pytest.approx(sizes["float32"], rel=0.1)
