"""Where exported artifacts lie, what they are called, and whether they are older than the run's result."""

import hashlib
import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from mbert_cli.runs.artifacts import (
    MADE_OF,
    evaluation_file,
    evaluation_files,
    exported,
    is_outdated,
    target_name,
    weights_digest,
)
from mbert_cli.runs.listing import WEIGHTS


def artifact(path: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True)
    file.touch()
    return file


def test_the_artifacts_of_a_run_are_those_in_use_sorted_by_mode() -> None:
    for mode in ("int8", "float32", "int8.old-1", "int8.partial-4242"):
        artifact(f"runs/x/export/{mode}/model.tflite")
    artifact("runs/x/export/float16/report.json")
    assert exported(Path("runs/x")) == [
        Path("runs/x/export/float32/model.tflite"), Path("runs/x/export/int8/model.tflite"),
    ]  # fmt: skip
    assert exported(Path("runs/nowhere")) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("runs/sst2/export/int8/model.tflite", "sst2 int8"),
        ("sst2/export/int8/model.tflite", "sst2 int8"),
        ("runs/sst2", "sst2"),
        ("runs/sst2/../cola", "cola"),
        ("files/answers.tflite", "answers"),
        ("runs/version.2", "version.2"),
    ],
)
def test_a_target_has_a_short_name(path: str, name: str) -> None:
    assert target_name(Path(path)) == name


@pytest.mark.parametrize(("folder", "path"), [("", "export/int8"), ("export", "int8"), ("export/int8", ".")])
def test_an_artifact_is_called_the_same_from_wherever_it_is_named(folder, path, monkeypatch) -> None:
    artifact("runs/sst2/export/int8/model.tflite")
    monkeypatch.chdir(Path("runs/sst2", folder))
    assert target_name(Path(path, "model.tflite")) == "sst2 int8"


def test_the_working_directory_is_called_by_its_name(tmp_path: Path) -> None:
    assert target_name(Path()) == tmp_path.name


def test_a_file_is_outdated_once_its_run_was_completed_anew(complete_run) -> None:
    run = complete_run("runs/x")
    report = artifact("runs/x/export/int8/report.json")
    assert not is_outdated(run, report)
    os.utime(report, (datetime(2020, 1, 1).timestamp(),) * 2)
    assert is_outdated(run, report)


def test_without_a_result_nothing_is_outdated(open_run) -> None:
    open_run("runs/x").close()
    report = artifact("runs/x/export/int8/report.json")
    os.utime(report, (0, 0))
    assert not is_outdated(Path("runs/x"), report)


def test_what_a_file_says_of_its_weights_counts_whatever_the_times_are(open_run) -> None:
    """Copies of a run may be without its times."""

    def finish(weights: str) -> None:
        with open_run("runs/x", "distill") as run:
            run.finish(lambda folder: (folder / WEIGHTS).write_text(weights))

    finish("first")
    run, model = Path("runs/x"), artifact("runs/x/export/int8/model.tflite")
    report = model.with_name("report.json")
    report.write_text(json.dumps({"size_bytes": 0, MADE_OF: weights_digest(run)}))
    for file in (model, report):
        os.utime(file, (0, 0))
    assert not is_outdated(run, model) and not is_outdated(run, report)
    shutil.rmtree(run / "final")
    finish("second")
    future = datetime(2100, 1, 1).timestamp()
    for file in (model, report):
        os.utime(file, (future, future))
    assert is_outdated(run, model) and is_outdated(run, report)
    assert weights_digest(model) == hashlib.sha256(b"first").hexdigest()


def test_the_reports_of_evaluations_lie_in_the_run_or_beside_the_artifact() -> None:
    model, other = artifact("e [1]/model.tflite"), artifact("f/other.tflite")
    for target in (Path("run"), model, other):
        file = evaluation_file(target, "validation")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert evaluation_files(Path("run")) == [Path("run/eval/validation.json")]
    assert evaluation_files(model) == [Path("e [1]/model-eval-validation.json")]
    assert evaluation_files(other) == [Path("f/other-eval-validation.json")]
    assert evaluation_files(Path("gone")) == []
