"""What a sweep goes over, and what it keeps."""

from pathlib import Path

from mbert_cli.examples.options import ImportedTask
from mbert_cli.phone.sweep import SweptScore, score_artifact, sweep_record, swept_threads
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine
from mbert_cli.tflite.options import BenchOptions

MACHINE = Machine(
    "Some Processor", 2, 0.25, {"versions": {}, "started": "2026-01-01T00:00:00+00:00", "cores": 2}
)


def row(length: int, p50_ms: float) -> LatencyRow:
    path = Path("runs/a/export/int8/model.tflite")
    return LatencyRow(path, length, "dynamic_int8", 1000, 10, p50_ms, p50_ms, p50_ms, (p50_ms,), 5)


def test_threads_beyond_the_cores_are_left_out_but_never_all():
    assert swept_threads([4, 1, 2], cores=2) == [1, 2]
    assert swept_threads([8, 4], cores=2) == [4]


def test_a_model_that_knows_no_data_has_no_score():
    assert score_artifact(None, ImportedTask(source="imported"), 10) is None


def test_a_record_has_a_row_for_each_length_and_number_of_threads():
    scores = [SweptScore("sst2", "accuracy", 0.9, "ab" * 32, 400), None]
    times = {1: [row(32, 1.0), row(64, 2.0)], 2: [row(32, 0.6), row(64, 1.1)]}
    record = sweep_record(times, scores, BenchOptions(), MACHINE)
    found = [(one["sequence_length"], one["threads"], one["p50_ms"], one["score"]) for one in record["rows"]]
    assert found == [(32, 1, 1.0, 0.9), (64, 1, 2.0, None), (32, 2, 0.6, 0.9), (64, 2, 1.1, None)]
    assert record["rows"][0]["artifact"] == "a int8"
    assert record["processor"] == "Some Processor"
