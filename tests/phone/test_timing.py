"""Artifacts on a phone: what is run there, and what comes of it."""

import json
import shutil

import pytest

from mbert_cli.errors import RunError
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.phone.adb import find_device
from mbert_cli.phone.timing import phone_record, time_on_phone
from mbert_cli.report.phone_bench import phone_page
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.latency_reports import newest_latencies, write_latency_report
from mbert_cli.tflite.options import BenchOptions
from tests.phone.fake_phones import TIMED

OPTIONS = BenchOptions(threads=4, affinity="f0")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    size = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 1})
    path = tmp_path_factory.mktemp("artifact") / "mail.tflite"
    path.write_bytes(convert(build_task_network(size, num_outputs=2, vocab_size=200), 8, "float32"))
    return path


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "benchmark"
    path.write_bytes(b"ELF")
    return path


def times(binary, artifacts):
    return list(time_on_phone(find_device(""), binary, artifacts, OPTIONS))


def test_an_artifact_is_pushed_timed_and_profiled_in_runs_of_their_own(phones, artifact, binary):
    device = find_device("")
    (row,) = time_on_phone(device, binary, [artifact], OPTIONS)
    assert (row.path, row.sequence_length, row.mode, row.p50_ms) == (artifact, 8, "float32", 5.0)
    assert [one.name for one in row.log.operations] == [
        "Fully Connected (NC, QD8, F32) GEMM",
        "Softmax (F32)",
    ]
    push_program, chmod, push_artifact, timed, profiled, removal = phones.calls[-6:]
    assert push_program[2:] == ["push", str(binary), "/data/local/tmp/benchmark_model"]
    assert chmod[2:] == ["shell", "chmod +x /data/local/tmp/benchmark_model"]
    assert push_artifact[2:] == ["push", str(artifact), "/data/local/tmp/mail.tflite"]
    assert timed[3].startswith(
        "taskset f0 /data/local/tmp/benchmark_model --graph=/data/local/tmp/mail.tflite "
    )
    assert "--num_threads=4" in timed[3] and "profiling" not in timed[3]
    assert profiled[3].endswith("--enable_op_profiling=true")
    assert removal[2:] == ["shell", "rm /data/local/tmp/mail.tflite"]


def test_a_benchmark_that_dies_on_the_phone_is_said_with_its_last_lines(phones, artifact, binary, refused):
    printed = "INFO: STARTING!\nINFO: Loaded model /data/local/tmp/mail.tflite\nSegmentation fault\n"
    phones.change(printed={"timed": [printed, 139], "profiled": ["", 0]})
    message, hint = refused(RunError, times, binary, [artifact])
    assert "Received: exit code 139 and INFO: STARTING! / INFO: Loaded model" in message
    assert message.endswith("/ Segmentation fault")
    assert hint == "Exit codes above 128 are signals on the phone; 137 often means that its memory ran out."


def test_a_benchmark_that_stops_without_times_is_said_with_its_last_lines(phones, artifact, binary, refused):
    phones.change(printed={"timed": ["ERROR: Failed to apply GPU delegate.\n", 0], "profiled": ["", 0]})
    message, hint = refused(RunError, times, binary, [artifact])
    assert message == (
        "The benchmark on the phone comes to its end. Received: ERROR: Failed to apply GPU delegate."
    )
    assert hint == "Try --set bench.delegate=none, or a newer benchmark_model from LiteRT."


def test_times_are_shown_with_the_phone_and_found_by_the_report(phones, artifact, binary, tmp_path):
    device = find_device("")
    rows = list(time_on_phone(device, binary, [artifact], OPTIONS))
    page = phone_page(rows, OPTIONS, device)
    times, operations = page.tables
    assert times.title == "bench on Pixel 8, Tensor G3, Android 15: 4 threads, xnnpack, cores f0"
    assert dict(zip(times.columns, times.rows[0], strict=True)) == {
        "artifact": "mail", "tokens": "8", "MB": f"{artifact.stat().st_size / 1e6:.1f}", "p50 ms": "5.00",
        "p95 ms": "5.30", "mean ms": "5.02", "spread": "2.0%", "first ms": "5.2", "start ms": "42",
        "memory MB": "61", "runs": "200",
    }  # fmt: skip
    assert times.notes[0].startswith("Measured on Pixel 8, Tensor G3, Android 15, 9 cores, 20")
    assert operations.title == "mail: where the time goes"
    assert operations.rows[0] == ["Fully Connected (NC, QD8, F32) GEMM", "26", "4.000", "80.0%"]
    written = write_latency_report(tmp_path / "bench", phone_record(rows, OPTIONS, device))
    assert json.loads(written.read_text())["phone"]["serial"] == "0A041"
    latency = newest_latencies(tmp_path)[artifact.resolve()]
    assert latency.p50_ms == 5.0
    assert latency.conditions.line.startswith(
        "4 threads, xnnpack, cores f0. Measured on Pixel 8, Tensor G3, Android 15"
    )


def test_what_was_timed_is_there_though_the_next_one_fails_and_nothing_stays_on_the_phone(
    phones, artifact, binary, tmp_path
):
    other = shutil.copy(artifact, tmp_path / "other.tflite")
    rows = time_on_phone(find_device(""), binary, [artifact, other], OPTIONS)
    assert next(rows).p50_ms == 5.0
    phones.change(printed={"timed": ["Killed", 137], "profiled": ["", 0]})
    with pytest.raises(RunError, match="exit code 137"):
        next(rows)
    removed = [call[3] for call in phones.calls if call[3:] and call[3].startswith("rm ")]
    assert removed == ["rm /data/local/tmp/mail.tflite", "rm /data/local/tmp/other.tflite"]


def test_times_stay_where_their_operations_cannot_be_told(phones, artifact, binary, capsys):
    phones.change(printed={"timed": [TIMED, 0], "profiled": ["Killed", 137]})
    (row,) = times(binary, [artifact])
    assert (row.p50_ms, row.log.operations) == (5.0, [])
    assert "Times of single operations are left out. adb" in capsys.readouterr().err
