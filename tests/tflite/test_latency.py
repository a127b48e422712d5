"""Artifacts are timed in processes of their own; the phone's lines are exact."""

import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.tflite import latency
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.latency import Timed, measure_latencies, reference_artifact
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.options import BenchOptions

QUICK = BenchOptions(warmup_seconds=0.0, min_seconds=0.04, rounds=2)


def test_every_artifact_gets_a_row_with_its_figures(artifact_path, batch):
    rows = measure_latencies([Timed(artifact_path, [batch, batch])] * 2, QUICK)
    assert [row.path for row in rows] == [artifact_path, artifact_path]
    for row in rows:
        assert row.size_bytes == artifact_path.stat().st_size
        assert row.runs >= 2
        assert (row.sequence_length, row.mode) == (12, "float32")
        assert len(row.rounds_ms) == 2
        assert row.p50_ms == pytest.approx(sum(row.rounds_ms) / 2)
        assert row.spread == pytest.approx(abs(row.rounds_ms[0] - row.rounds_ms[1]) / row.p50_ms)
        assert 0 < row.p50_ms <= row.p90_ms <= row.p99_ms
        assert 0 < row.peak_memory_bytes < 100e6


def test_artifacts_of_different_lengths_are_timed_together(artifact_path, batch, network, tmp_path):
    short = tmp_path / "short.tflite"
    short.write_bytes(convert(network, 6, "float32"))
    cut = {name: batch[name][:, :6] for name in ("token_ids", "segment_ids", "padding_mask")}
    rows = measure_latencies([Timed(artifact_path, [batch]), Timed(short, [cut])], QUICK)
    assert [row.sequence_length for row in rows] == [12, 6]


def test_one_round_has_no_spread(artifact_path, batch):
    (row,) = measure_latencies([Timed(artifact_path, [batch])], QUICK.model_copy(update={"rounds": 1}))
    assert row.spread is None


def test_a_file_that_is_no_artifact_is_refused_by_name(artifact_path, batch, tmp_path):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(bytes(100))
    with pytest.raises(UserError) as caught:
        measure_latencies([Timed(artifact_path, [batch]), Timed(broken, [batch])], QUICK)
    assert caught.value.message == (
        f"An artifact is a TFLite model of builtin operations. Received: {broken}, which is not one"
    )


def test_an_artifact_of_another_length_is_refused(artifact_path, batch):
    short = {name: batch[name][:, :6] for name in ("token_ids", "segment_ids", "padding_mask")}
    with pytest.raises(UserError) as caught:
        measure_latencies([Timed(artifact_path, [short])], QUICK)
    assert caught.value.message == f"The artifact {artifact_path} takes rows of 12 tokens. Received: 6"


def test_a_process_that_dies_is_reported_with_its_last_words(artifact_path, batch, monkeypatch):
    monkeypatch.setattr(latency, "WORKER", "mbert_cli.tflite.no_such_module")
    with pytest.raises(RunError) as caught:
        measure_latencies([Timed(artifact_path, [batch])], QUICK)
    assert caught.value.message.startswith(
        f"The process that times an artifact runs to its end. Received: exit code 1 for {artifact_path} ("
    )
    assert caught.value.message.endswith("No module named mbert_cli.tflite.no_such_module).")


def test_a_reference_is_built_once_and_kept(tmp_path):
    path = reference_artifact("mobilebert_laptop", 8, "float32", tmp_path / "reference")
    assert path == tmp_path / "reference" / "mobilebert_laptop-8-float32.tflite"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert Artifact(path).sequence_length == 8
    written = path.stat().st_mtime_ns
    assert (
        reference_artifact("mobilebert_laptop", 8, "float32", tmp_path / "reference").stat().st_mtime_ns
        == written
    )


def test_each_length_of_a_file_is_timed_by_itself(network, batch, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(merge_lengths({length: convert(network, length, "float32") for length in (6, 12)}))
    cut = {name: batch[name][:, :6] for name in ("token_ids", "segment_ids", "padding_mask")}
    rows = measure_latencies([Timed(path, [cut]), Timed(path, [batch])], QUICK)
    assert [row.sequence_length for row in rows] == [6, 12]
