"""Lines that a person pastes into a shell, and words that a phone runs."""

import shlex
from pathlib import Path

import pytest

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.phone.benchmark_command import adb_lines, benchmark_words, phone_paths
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.options import BenchOptions


@pytest.fixture(scope="module")
def contents() -> dict[int, bytes]:
    size = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 1})
    network = build_task_network(size, num_outputs=2, vocab_size=200)
    return {length: convert(network, length, "float32") for length in (6, 12)}


@pytest.fixture
def artifact_path(contents, tmp_path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(contents[12])
    return path


def test_the_lines_for_a_phone_are_complete(artifact_path):
    benchmark = (
        "adb shell /data/local/tmp/benchmark_model --graph=/data/local/tmp/mail.tflite --num_threads=4 "
        "--use_xnnpack=true --input_layer=ids,segment_ids,mask --input_layer_shape=1,12:1,12:1,12 "
        "--input_layer_value_range=ids,0,99:segment_ids,0,1:mask,1,1 --warmup_runs=20 --num_runs=200"
    )
    assert adb_lines([("mail", artifact_path)], BenchOptions(threads=4)) == [
        "adb push android_aarch64_benchmark_model /data/local/tmp/benchmark_model",
        "adb shell chmod +x /data/local/tmp/benchmark_model",
        f"adb push {artifact_path} /data/local/tmp/mail.tflite",
        benchmark,
    ]


def test_each_length_of_a_file_has_a_line(contents, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(merge_lengths(contents))
    *_, short, long = adb_lines([("mail", path)], BenchOptions())
    assert "mail.tflite --signature_to_run_for=length_6 --num_threads=1" in short
    assert "--input_layer_shape=1,6:1,6:1,6 " in short
    assert "mail.tflite --signature_to_run_for=length_12 --num_threads=1" in long


def test_there_are_no_lines_for_artifacts_that_the_program_cannot_run(artifact_path, monkeypatch):
    monkeypatch.setattr(Artifact, "reads_text", True)
    assert adb_lines([("mail", artifact_path)], BenchOptions()) == []


def test_the_lines_for_a_phone_can_be_pasted_whatever_a_path_is_called(artifact_path, tmp_path):
    folder = tmp_path / "Ann's run $1"
    folder.mkdir()
    path = artifact_path.rename(folder / "a b.tflite")
    pushed = adb_lines([("Ann's run $1 int8", path)] * 2, BenchOptions())[2::2]
    assert [shlex.split(line) for line in pushed] == [
        ["adb", "push", str(path), "/data/local/tmp/Ann-s-run-1-int8.tflite"],
        ["adb", "push", str(path), "/data/local/tmp/Ann-s-run-1-int8-1.tflite"],
    ]


def test_cores_and_what_computes_are_in_the_words(artifact_path):
    (signature,) = Artifact(artifact_path).signatures
    words = benchmark_words(
        signature, "/x.tflite", BenchOptions(affinity="f0", delegate="gpu"), profiles=True
    )
    assert words[:2] == ["taskset", "f0"]
    assert {"--use_gpu=true", "--enable_op_profiling=true", "--num_runs=50"} <= set(words)
    assert "--use_xnnpack=false" in benchmark_words(signature, "/x.tflite", BenchOptions(delegate="none"))


def test_artifacts_of_one_name_lie_apart():
    assert phone_paths(["a b", "a b", "c"]) == [
        "/data/local/tmp/a-b.tflite", "/data/local/tmp/a-b-1.tflite", "/data/local/tmp/c.tflite",
    ]  # fmt: skip
