"""A run that is stopped, by Ctrl-C or by the power, and continued."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mbert_cli.tasks.model import open_task_model

TRAIN = [
    "train-teacher", "--smoke", "--set", "data.run=runs/prepare", "--set", "train.steps=60",
    "--set", "train.log_every=10", "--set", "train.checkpoint_every=10", "--set", "train.validate_every=30",
]  # fmt: skip


FINETUNE = [
    "finetune", "file", "--smoke", "--source", "runs/whole", "--set", "task.train=task.tsv",
    "--set", "train.max_steps=60", "--set", "train.log_every=10", "--set", "train.checkpoint_every=10",
]  # fmt: skip


PREPARE = [
    "prepare", "--run", "runs/prepare", "--set", "corpus={source: files, globs: ['texts/*.txt']}",
    "--set", "vocabulary.size=1000",
]  # fmt: skip


TYPE = """
import json, sys
from mbert_cli import cli

for words in json.loads(sys.argv[1]):
    try:
        cli.main(words)
    except SystemExit as ending:
        if ending.code:
            raise
"""
"""Types several commands in one process, which imports TensorFlow once."""


@pytest.fixture(scope="module")
def folder(text_folder) -> Path:
    """A folder with a prepared corpus, and a training and a fine-tuning that were never stopped."""
    rows = [f"{'word ' * (place % 50)}word {place}\t{place % 2}\n" for place in range(600)]
    (text_folder / "task.tsv").write_text("text\tlabel\n" + "".join(rows))
    commands = [PREPARE, [*TRAIN, "--run", "runs/whole"], [*FINETUNE, "--run", "runs/task-whole"]]
    done = subprocess.run(
        [sys.executable, "-c", TYPE, json.dumps(commands)], cwd=text_folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return text_folder


@pytest.fixture(autouse=True)
def _commands_hear_ctrl_c() -> Iterator[None]:
    """Without it commands inherit from tests in the background of a script that Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def start_and_signal(start_mbert) -> Callable[..., tuple[int, str]]:
    """Starts a training and sends a signal once it has written a checkpoint."""

    def start(
        folder: Path, run: str, number: int, command: list[str] = TRAIN, trial: str = "."
    ) -> tuple[int, str]:
        process = start_mbert(folder, *command, "--run", run)
        deadline = time.monotonic() + 120
        while not list((folder / run).glob(f"{trial}/checkpoints/step-*/manifest.json")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=120)
        return process.returncode, errors

    return start


def files_of(folder: Path, run: str) -> list[bytes]:
    final = folder / run / "final"
    return [(final / name).read_bytes() for name in ("weights.safetensors", "summary.json")]


def test_a_killed_run_continues_bit_for_bit(folder, mbert, start_and_signal):
    code, _ = start_and_signal(folder, "runs/killed", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (folder / "runs/killed/final").exists()
    mbert(folder, *TRAIN, "--run", "runs/killed")
    assert files_of(folder, "runs/killed") == files_of(folder, "runs/whole")


def test_ctrl_c_saves_and_says_how_to_go_on(folder, mbert, start_and_signal):
    code, errors = start_and_signal(folder, "runs/stopped", signal.SIGINT)
    assert code == 130
    *_, message, hint = errors.splitlines()
    assert message.startswith("Stopped at step ")
    assert message.endswith(" of 60; the state is saved in runs/stopped")
    assert hint == "Hint: The same command continues from there."
    mbert(folder, *TRAIN, "--run", "runs/stopped")
    assert files_of(folder, "runs/stopped") == files_of(folder, "runs/whole")


def test_a_killed_fine_tuning_with_batches_of_many_lengths_continues_bit_for_bit(
    folder, mbert, start_and_signal
):
    code, _ = start_and_signal(folder, "runs/task-killed", signal.SIGKILL, FINETUNE)
    assert code == -signal.SIGKILL
    mbert(folder, *FINETUNE, "--run", "runs/task-killed")
    assert files_of(folder, "runs/task-killed") == files_of(folder, "runs/task-whole")


@pytest.mark.slow
def test_a_search_stopped_by_ctrl_c_keeps_its_trials_and_goes_on_bit_for_bit(
    folder, mbert, start_and_signal, capsys
):
    search = [*FINETUNE, "--set", "search.learning_rate=[1e-2,1e-3]"]
    names = [f"trials/learning_rate-{rate}-batch_size-4-epochs-1-seed-0" for rate in ("0.01", "0.001")]
    whole = mbert(folder, *search, "--run", "runs/search-whole")
    code, errors = start_and_signal(folder, "runs/search-stopped", signal.SIGINT, search, names[1])
    assert code == 130
    assert f" of 60; the state is saved in runs/search-stopped/{names[1]}\n" in errors
    first = folder / "runs/search-stopped" / names[0] / "final/manifest.json"
    moment = first.stat().st_mtime_ns
    continued = mbert(folder, *search, "--run", "runs/search-stopped")
    assert "Trial 1 of 2" not in continued.stderr
    assert first.stat().st_mtime_ns == moment
    for part in ("", *names):
        assert files_of(folder, f"runs/search-stopped/{part}") == files_of(
            folder, f"runs/search-whole/{part}"
        )
    assert continued.stdout.replace("search-stopped", "search-whole") == whole.stdout
    model = open_task_model(folder / "runs/search-stopped")
    assert "search-stopped is that of trials/learning_rate-0.0" in capsys.readouterr().err
    assert model.description.output_names == ["0", "1"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_search_of_several_trials_at_once_that_is_stopped_goes_on_by_ray_and_finds_what_one_after_the_other_does(
    folder, mbert, start_and_signal, number
):
    pytest.importorskip("ray")
    search = [*FINETUNE, "--set", "search.learning_rate=[1e-2,1e-3]", "--set", "search.seed=[0,1]"]
    whole = f"runs/several-whole-{number}"
    mbert(folder, *search, "--run", whole)
    run = f"runs/several-{number}"
    code, errors = start_and_signal(folder, run, number, [*search, "--set", "cluster.workers=2"], "trials/*")
    assert code == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert errors.splitlines()[-1] == (
            "Hint: What a run had saved is kept; the same command continues from there."
        )
        assert not list((folder / run).rglob("lock"))
    continued = mbert(folder, *search, "--run", run, "--cluster", "local")
    assert (folder / run / "search.json").read_bytes() == (folder / whole / "search.json").read_bytes()
    assert files_of(folder, run) == files_of(folder, whole)
    lines = [line for line in continued.stderr.splitlines() if "ray" in line.lower()]
    assert not lines, lines
