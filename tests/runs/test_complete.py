"""Complete runs, opened to be read, and what is refused."""

import json
import os
import socket
from datetime import datetime
from pathlib import Path

import pytest

from mbert_cli.runs.complete import Run


def test_a_required_run_gives_its_recipe_and_is_not_locked(complete_run, recipe) -> None:
    run = Run.open(complete_run("runs/x"), ["distill", "train-teacher"])
    assert (run.path, run.kind, run.recipe) == (Path("runs/x"), "distill", recipe)
    assert run.final == Path("runs/x/final")
    assert not Path("runs/x/lock").exists()


def test_a_missing_run_is_refused_with_the_runs_there_are(open_run, complete_run, refusal) -> None:
    complete_run("runs/a")
    complete_run("runs/b/c")
    complete_run("runs/d", "prepare")
    open_run("runs/e").close()
    assert refusal(lambda: Run.open(Path("runs/x"), ["distill", "train-teacher"])) == (
        "A run directory must exist. Received: runs/x\n"
        "Complete runs of the kind distill or train-teacher: runs/a, runs/b/c."
    )
    assert refusal(lambda: Run.open(Path("x"), ["train-teacher"])) == (
        "A run directory must exist. Received: x\n"
        "There is no complete run of the kind train-teacher; make one: mbert train-teacher"
    )


def test_a_run_in_the_home_directory_is_written_out(complete_run, refusal, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    complete_run("runs/a")
    assert refusal(lambda: Run.open(Path("~/runs/a"), ["distill"])) == (
        "A run directory must exist. Received: ~/runs/a\n"
        f"Write {tmp_path}/runs/a: ~ is the home directory to a shell alone, and not behind =."
    )


def test_a_directory_without_recipe_is_not_a_run(complete_run, refusal) -> None:
    Path("photos").mkdir()
    complete_run("runs/a")
    assert refusal(lambda: Run.open(Path("photos"), ["distill"])) == (
        "A run directory must have a recipe.yaml. Received: photos\n"
        "Complete runs of the kind distill: runs/a."
    )


def test_a_file_is_not_a_run(complete_run, refusal) -> None:
    Path("model.tflite").write_bytes(b"TFL3")
    complete_run("runs/a")
    assert refusal(lambda: Run.open(Path("model.tflite"), ["distill"])) == (
        "A run is a directory, and this is a file. Received: model.tflite\n"
        "Complete runs of the kind distill: runs/a."
    )


@pytest.mark.parametrize("inner", ["final", "export", "recipe.yaml", "final/vocab.txt"])
def test_what_lies_in_a_run_is_told_with_the_run(inner, complete_run, refusal) -> None:
    complete_run("runs/a b")
    Path("runs/a b/export").mkdir()
    assert refusal(lambda: Run.open(Path("runs/a b", inner), ["distill"])) == (
        f"A run is named by its directory. Received: runs/a b/{inner}, which lies in one\nName 'runs/a b'."
    )


def test_a_trial_of_a_search_is_a_run_of_its_own(complete_run) -> None:
    complete_run("runs/search")
    assert Run.open(complete_run("runs/search/trials/one"), ["distill"]).path == Path(
        "runs/search/trials/one"
    )


def test_a_run_of_the_wrong_kind_is_refused(complete_run, refusal) -> None:
    complete_run("runs/a", "prepare")
    assert refusal(lambda: Run.open(Path("runs/a"), ["distill", "train-teacher"])) == (
        "The run must be of the kind distill or train-teacher. Received: runs/a of the kind prepare\n"
        "There is no complete run of the kind distill or train-teacher; make one: mbert train-teacher"
    )


def test_an_interrupted_run_is_refused_with_the_command_that_finishes_it(open_run, refusal) -> None:
    open_run("runs/x").close()
    Path("runs/x/checkpoints/step-000200").mkdir(parents=True)
    assert refusal(lambda: Run.open(Path("runs/x"), ["distill"])) == (
        "The run must be complete. Received: runs/x, interrupted at step 200\n"
        "Finish it: mbert distill runs/x/recipe.yaml --run runs/x"
    )


@pytest.mark.parametrize(
    ("recorded", "typed"),
    [({"source": "/models/bert", "allow_unused": False}, "/models/bert"),
     ({"source": "google/bert", "allow_unused": True, "allow_unknown": True, "length": 64},
      "google/bert --allow-unused --allow-unknown --length 64"),
     ({"source": "/my models/mini", "allow_unused": False, "pooling": "cls", "normalize": False},
      "'/my models/mini' --pooling cls --no-normalize"),
     ({"source": "/mini", "allow_unused": False, "pooling": "mean", "normalize": True},
      "/mini --pooling mean --normalize")],
)  # fmt: skip
def test_an_interrupted_import_is_finished_with_its_checkpoint_and_its_flags(
    open_run, refusal, recorded, typed
) -> None:
    open_run("runs/x", "import", recorded).close()
    assert refusal(lambda: Run.open(Path("runs/x"), ["import"])) == (
        f"The run must be complete. Received: runs/x, empty\nFinish it: mbert import {typed} --run runs/x"
    )


def test_a_running_run_is_refused_with_the_process_to_wait_for(open_run, refusal) -> None:
    with open_run("runs/x"):
        started = datetime.fromisoformat(json.loads(Path("runs/x/lock").read_text())["started"]).astimezone()
        assert refusal(lambda: Run.open(Path("runs/x"), ["distill"])) == (
            "The run must be complete. Received: runs/x, running\n"
            f"Wait for process {os.getpid()} since {started:%H:%M:%S}."
        )
        assert json.loads(Path("runs/x/lock").read_text())["host"] == socket.gethostname()


def test_a_damaged_run_is_refused_with_the_file(complete_run, refusal) -> None:
    (complete_run("runs/x") / "final/vocab.txt").write_text("[UNK]\n")
    assert refusal(lambda: Run.open(Path("runs/x"), ["distill"])) == (
        "A directory must match its manifest.json. Received: runs/x/final, where vocab.txt was altered\n"
        "Restore it from a copy, or rename runs/x/final and run the command that wrote it again."
    )
