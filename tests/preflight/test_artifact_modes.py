"""Which modes a target runs, which keys fit them, and rows to measure ranges on."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import ImportedTask, InstalledDocsTask
from mbert_cli.preflight.artifact_modes import look_at_calibration, look_at_modes, wanted_modes
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import ExportOptions
from mbert_cli.tflite.trained_ranges import TrainedRanges

ALL = sorted(MODES)


def refusal(**options) -> UserError:
    with pytest.raises(UserError) as caught:
        look_at_modes(Inspection(), ExportOptions(**options))
    return caught.value


def test_one_mode_is_a_list_of_one():
    assert wanted_modes(ExportOptions(quantize="int8")) == ["int8"]
    assert wanted_modes(ExportOptions(quantize=["int8", "int4"])) == ["int8", "int4"]
    assert wanted_modes(ExportOptions(quantize=["int8", "int4", "int8"])) == ["int8", "int4"]


@pytest.mark.parametrize("target", ["cpu", "gpu", "npu"])
def test_every_target_gets_its_modes(target):
    for mode in ALL:
        options = ExportOptions(quantize=mode, target=target)
        if target in MODES[mode].targets:
            look_at_modes(Inspection(), options)
        else:
            assert f"Received: --target {target}" in refusal(quantize=mode, target=target).message


def test_sixteen_bits_on_a_cpu_are_refused_with_the_reason():
    error = refusal(quantize=["dynamic_int8", "int16x8"])
    assert error.message == (
        "int16x8 is for NPUs: a CPU takes many times as long for it as for float32. "
        "Received: --target cpu, which is the default"
    )
    assert error.hint == "Add --target npu, or choose --quantize dynamic_int8, which is made for CPUs."


def test_a_mode_that_a_target_does_not_run_is_refused_with_those_that_it_does():
    error = refusal(quantize="int4", target="npu")
    assert error.message == "int4 runs on a CPU and a GPU. Received: --target npu"
    assert error.hint == "Choose --quantize float32 or int8_full or int16x8."


def test_blocks_without_four_bits_are_refused():
    error = refusal(quantize=["dynamic_int8", "int8"], block_size=32)
    assert error.message == (
        "export.block_size is how many 4-bit weights share a scale, and int4 alone has such. "
        "Received: 32 with dynamic_int8 and int8"
    )
    look_at_modes(Inspection(), ExportOptions(quantize=["dynamic_int8", "int4"], block_size=32))


def test_a_model_that_knows_no_rows_cannot_be_calibrated():
    with pytest.raises(UserError) as caught:
        look_at_calibration(
            Inspection(), ["int4", "int8"], ImportedTask(source="imported"), "runs/import", "embedding"
        )
    assert caught.value.message == (
        "int8 needs training rows of the task, on which ranges of activations are measured. "
        "Received: runs/import, which knows none"
    )
    assert "task.name=stsb" in caught.value.hint and "--quantize dynamic_int8" in caught.value.hint


def test_nothing_is_looked_for_where_no_mode_needs_it():
    task = ImportedTask(source="imported")
    assert look_at_calibration(Inspection(), ["int4", "float32"], task, "x", "regression") is None


def test_a_task_of_a_library_is_not_read_yet():
    inspection = Inspection()
    task = InstalledDocsTask(source="installed_docs")
    assert look_at_calibration(inspection, ["int8"], task, "x", "classification") is None
    assert [finding.name for finding in inspection.findings] == ["calibration rows", "task"]


def test_blocks_of_4_bits_are_refused_for_a_gpu():
    options = ExportOptions(quantize="int4", block_size=32, target="gpu")
    with pytest.raises(UserError) as caught:
        look_at_modes(Inspection(), options)
    assert caught.value.message == (
        "LiteRT's GPU accelerator takes 4-bit weights with one scale for each channel. "
        "Received: export.block_size 32 with --target gpu"
    )


@pytest.mark.parametrize(
    ("options", "learned", "received"),
    [
        (
            {"target": "gpu"}, 32,
            (
                "LiteRT's GPU accelerator takes 4-bit weights with one scale for each channel. "
                "Received: a run that learned blocks of 32, with --target gpu"
            ),
        ),
        (
            {"block_size": 64}, 32,
            (
                "An artifact of a run that learned int4 has the scales that it learned. "
                "Received: export.block_size 64 for a run with blocks of 32"
            ),
        ),
        (
            {"block_size": 32}, None,
            (
                "An artifact of a run that learned int4 has the scales that it learned. "
                "Received: export.block_size 32 for a run with a scale for each channel"
            ),
        ),
    ],
)  # fmt: skip
def test_the_scales_that_a_run_learned_are_those_of_its_artifact(options, learned, received):
    trained = TrainedRanges(mode="int4", block_size=learned, ranges={})
    with pytest.raises(UserError) as caught:
        look_at_modes(Inspection(), ExportOptions(quantize="int4", **options), trained)
    assert caught.value.message == received


def test_scales_that_a_run_learned_for_another_mode_say_nothing():
    trained = TrainedRanges(mode="int4", block_size=32, ranges={})
    look_at_modes(Inspection(), ExportOptions(quantize="float32", target="gpu"), trained)
    look_at_modes(Inspection(), ExportOptions(quantize="int4", block_size=32), trained)
