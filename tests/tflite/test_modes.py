"""The rows of the quantization modes, and that all else is read from them."""

import pytest
from pydantic import ValidationError

from mbert_cli.model.cost import count_parameters, size_bytes
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.keys import keys_of
from mbert_cli.tflite.modes import MODES, described_modes
from mbert_cli.tflite.options import ExportOptions


def test_a_recipe_takes_the_names_of_the_table_and_no_others():
    quantize = next(key for key in keys_of("export-tflite") if key.path == "export.quantize")
    assert quantize.choices == tuple(MODES) == ("float32", "float16", "dynamic_int8")
    assert all(ExportOptions(quantize=name).quantize == name for name in MODES)
    with pytest.raises(ValidationError):
        ExportOptions(quantize="int9")


def test_the_help_names_every_mode_with_what_a_person_gets():
    quantize = next(key for key in keys_of("export-tflite") if key.path == "export.quantize")
    assert quantize.help == (
        "One mode or a list of them: float32, float16 (half the size), or dynamic_int8 (a quarter of the size, and "
        "faster on processors that multiply 8-bit numbers, such as those of phones; `mbert bench` measures it)."
    )
    assert described_modes() in quantize.help


@pytest.mark.parametrize(
    ("name", "kernel", "vector"), [("float32", 4, 4), ("float16", 2, 2), ("dynamic_int8", 1, 4)]
)
def test_bytes_follow_from_what_weights_are_stored_in(name, kernel, vector):
    assert (MODES[name].kernel_bytes, MODES[name].vector_bytes) == (kernel, vector)


def test_the_summaries_say_what_the_bytes_say():
    size = SIZES["mobilebert"]
    sizes = {
        name: size_bytes(size, 30_522, kernel_bytes=mode.kernel_bytes, vector_bytes=mode.vector_bytes)
        for name, mode in MODES.items()
    }
    assert sizes["float32"] == 4 * count_parameters(size, 30_522)
    assert sizes["float16"] * 2 == sizes["float32"]
    assert sizes["dynamic_int8"] * 4 == pytest.approx(sizes["float32"], rel=0.1)
