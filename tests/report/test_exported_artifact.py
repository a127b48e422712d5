"""An artifact with what lies beside it."""

import json
import os
from pathlib import Path

import pytest
import yaml

from mbert_cli.report.exported_artifact import read_artifact
from mbert_cli.tflite.latency_reports import Latency


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    folder = run / "export" / "int8"
    folder.mkdir(parents=True)
    (run / "recipe.yaml").write_text(yaml.safe_dump({"task": {"source": "glue", "name": "sst2"}}))
    (run / "final").mkdir()
    (run / "final/manifest.json").write_text(
        json.dumps({"completed": "2026-01-01T00:00:00+00:00", "files": {}})
    )
    (folder / "model.tflite").write_bytes(bytes(100))
    report = {
        "parity": {"metric_artifact": 0.5},
        "metric": "accuracy",
        "sequence_length": 32,
        "set": "ab",
        "examples": 8,
    }
    (folder / "report.json").write_text(json.dumps(report))
    return run


def test_score_set_size_and_length_are_those_of_the_report(run):
    found = read_artifact(run, run / "export/int8/model.tflite", Latency(2.0, 100))
    assert (found.task, found.score, found.metric, found.size_bytes, found.tokens) == (
        "sst2",
        0.5,
        "accuracy",
        100,
        32,
    )
    assert found.scored is not None and found.scored.examples == 8
    assert found.latency is not None and found.latency.p50_ms == 2.0
    assert (found.times_smaller, found.is_outdated) == (None, False)


def test_times_of_a_file_of_another_size_are_not_its_own(run):
    assert read_artifact(run, run / "export/int8/model.tflite", Latency(2.0, 99)).latency is None


def test_a_file_that_is_older_than_the_result_is_outdated_and_no_report_means_no_score(run):
    path = run / "export/int8/model.tflite"
    (run / "export/int8/report.json").unlink()
    os.utime(path, (0, 0))
    found = read_artifact(run, path, None)
    assert (found.is_outdated, found.score, found.scored, found.tokens) == (True, None, None, None)


def test_a_file_of_another_size_than_its_report_has_no_score(run):
    path = run / "export/int8/model.tflite"
    report = json.loads(path.with_name("report.json").read_text())
    for size, score in ((100, 0.5), (2000, None)):
        path.with_name("report.json").write_text(json.dumps(report | {"size_bytes": size}))
        found = read_artifact(run, path, None)
        assert (found.score, found.size_bytes) == (score, 100)
    assert (found.metric, found.scored) == (None, None)
