"""The figures of a run that has come to its end."""

import json
import os
from pathlib import Path

import pytest

from mbert_cli.runs.directory import RunDir
from mbert_cli.sessions.result import show_result, write_summary


@pytest.fixture
def run(tmp_path) -> RunDir:
    figures = {"score": 0.5, "set": "0123456789abcdef", "examples": 40}
    with RunDir.open(tmp_path / "run", "finetune", {}, fresh=False, origin={}) as run:
        run.finish(lambda folder: write_summary(folder, figures))
    return run


def test_figures_are_written_as_a_flat_object(run):
    text = (run.final / "summary.json").read_text()
    assert json.loads(text) == {"score": 0.5, "set": "0123456789abcdef", "examples": 40}
    assert text.endswith("}\n")


def test_figures_are_shown_with_the_set_that_they_are_of(run, capsys):
    show_result(run, {"validation/accuracy": 0.75})
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == f"finetune: {run.path}, validated on 40 examples (set 01234567)"
    assert "validation/accuracy 75.00%" in lines


def test_an_artifact_of_an_earlier_result_is_said_to_be_one(run, capsys):
    artifact = Path(run.export, "float32", "model.tflite")
    artifact.parent.mkdir(parents=True)
    artifact.touch()
    show_result(run, {})
    assert capsys.readouterr().err == ""
    os.utime(artifact, (0, 0))
    show_result(run, {})
    assert capsys.readouterr().err == (
        f"{artifact} is of an earlier result; `mbert export-tflite {run.path}` makes it anew\n"
    )
