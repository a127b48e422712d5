"""What processors refuse is what they were found to refuse, and what is built for them runs there."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite import flatbuffer
from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.targets import described_refusals, fit_target, refusal_record
from mbert_cli.weights.variables import read_variables
from tests.tflite.accelerator import DRIVERS, run_accelerated

LENGTH = 12
TABLE = "it reads no table that was turned into float32 before"
TOLERANCES = {"float32": 1e-5, "float16": 1e-5, "dynamic_int8": 2e-2, "int8": 2e-2, "int4": 5e-2}
"""Of modes that a GPU takes. With 8 and 4 bits it rounds weights alone, a CPU what they are multiplied by too."""

accelerated = pytest.mark.skipif(not DRIVERS, reason="needs Chromium's SwiftShader, in place of a GPU")


@pytest.fixture(scope="module")
def halves(network) -> bytes:
    return convert(network, LENGTH, "float16")


@pytest.fixture(scope="module")
def artifact(random_network, small_size, batch, tmp_path_factory):
    """Content of an artifact of a size in a mode, made as an export makes it for its first target."""
    folder = tmp_path_factory.mktemp("ranges")

    def content(size: str, mode: str, block_size: int | None = None, target: str = "") -> bytes:
        widths = {"hidden_dim": 64, "intermediate_dim": 64}
        small = small_size(size)
        widths["embedding_dim" if small.intra_dim is None else "intra_dim"] = 64
        small = Architecture(**(small.model_dump() | widths))
        source = SourceModel(
            read_variables(random_network(small)), small, CLASSIFIER, lambda: batch, folder / size,
            target or MODES[mode].targets[0], block_size,
        )  # fmt: skip
        return source.content(mode, LENGTH)

    return content


def on_file(content: bytes, folder: Path) -> Path:
    path = folder / "model.tflite"
    path.write_bytes(content)
    return path


def test_a_gpu_refuses_tables_that_were_float16_and_takes_them_in_its_own_graph(halves):
    assert refusal_record(halves)["gpu"] == [{"operation": "GATHER", "count": 2, "reason": TABLE}]
    fitted = fit_target(halves, "gpu")
    assert refusal_record(fitted)["gpu"] == []
    assert op_census(fitted)["DEQUANTIZE"] == op_census(halves)["DEQUANTIZE"] - 2
    assert len(fitted) < 1.02 * len(halves)


def test_the_graph_for_a_gpu_gives_the_same_bits_on_a_cpu(halves, batch, tmp_path):
    before = Artifact(on_file(halves, tmp_path)).predict(batch)
    after = Artifact(on_file(fit_target(halves, "gpu"), tmp_path)).predict(batch)
    np.testing.assert_array_equal(after, before)


def test_what_fits_stays_as_it_is(content, halves):
    assert fit_target(content, "gpu") is content
    assert fit_target(halves, "cpu") is halves


def test_what_is_refused_is_said_by_target(content, halves):
    assert refusal_record(content) == {"cpu": [], "gpu": [], "npu": []}
    assert described_refusals(refusal_record(content)) == (
        "no operation is known to be refused by a processor for which the mode is"
    )
    assert refusal_record(halves)["gpu"] == [{"operation": "GATHER", "count": 2, "reason": TABLE}]
    assert described_refusals(refusal_record(halves)) == f"a GPU refuses 2 GATHER ({TABLE})"


def test_a_reason_is_said_once_for_all_operations_that_it_is_the_reason_for():
    found = [("FULLY_CONNECTED", 50, "asymmetric"), ("GATHER", 2, "a table"), ("ADD", 30, "asymmetric")]
    record = {"npu": [{"operation": name, "count": count, "reason": why} for name, count, why in found]}
    assert described_refusals(record) == (
        "an NPU refuses 50 FULLY_CONNECTED, 30 ADD (asymmetric), 2 GATHER (a table)"
    )


def test_what_was_exported_before_every_tensor_had_a_batch_axis_is_known_to_be_refused(network, monkeypatch):
    monkeypatch.setattr(flatbuffer, "keep_batch_axis", lambda model: None)
    refused = refusal_record(convert(network, LENGTH, "float32"))["gpu"]
    assert {(one["operation"], one["reason"]) for one in refused} == {
        ("GATHER", "it takes no indices with a batch axis"),
        ("STRIDED_SLICE", "it takes no axis away"),
    }


@pytest.mark.slow
def test_integers_everywhere_and_4_bits_in_blocks_are_refused_by_a_gpu(artifact):
    full = artifact("mobilebert", "int8_full", target="npu")
    assert [(one["operation"], one["count"]) for one in refusal_record(full)["gpu"]] == [("ADD", 2)]
    assert "it computes no 16-bit integers" in {
        one["reason"] for one in refusal_record(artifact("mobilebert", "int16x8"))["gpu"]
    }
    reason = "4-bit kernels with a scale for each block end its process"
    assert refusal_record(artifact("mobilebert", "int4", 32))["gpu"] == [
        {"operation": "FULLY_CONNECTED", "count": 25, "reason": reason}
    ]


@pytest.mark.slow
def test_an_npu_takes_the_ranges_that_are_made_for_it(artifact):
    for_cpu, for_npu = (artifact("mobilebert", "int8_full", target=target) for target in ("cpu", "npu"))
    assert "ADD" in {one["operation"] for one in refusal_record(for_cpu)["npu"]}
    assert refusal_record(for_npu)["npu"] == []


@pytest.mark.slow
@accelerated
@pytest.mark.parametrize("mode", [*MODES, "int8_full for an npu"])
@pytest.mark.parametrize("size", ["mobilebert", "bert_base"])
def test_a_gpu_refuses_just_what_the_rules_say(size, mode, artifact, batch, tmp_path):
    mode, _, target = mode.partition(" for an ")
    content = fit_target(artifact(size, mode, target=target), "gpu")
    path = on_file(content, tmp_path)
    found, expected = run_accelerated(path, batch), Artifact(path).predict(batch)
    is_right = found.is_full and np.allclose(
        found.outputs["probabilities"], expected, atol=TOLERANCES.get(mode, 0.05)
    )
    assert is_right == (not refusal_record(content)["gpu"]), found.log
    assert is_right or "gpu" not in MODES[mode].targets


@pytest.mark.slow
@accelerated
def test_the_rules_hold_for_what_no_export_writes_for_a_gpu(artifact, halves, batch, tmp_path):
    table = run_accelerated(on_file(halves, tmp_path), batch)
    assert not table.outputs and "GATHER: Input / output dtype mismatch" in table.log
    blocks = run_accelerated(on_file(artifact("mobilebert", "int4", 32), tmp_path), batch)
    assert not blocks.outputs
    integers = run_accelerated(on_file(artifact("mobilebert", "int8_full", target="npu"), tmp_path), batch)
    assert integers.is_full and not integers.outputs["probabilities"].any()
