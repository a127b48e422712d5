"""The process that times one artifact: a line of JSON when it is ready, and one for each round."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS


def answers(artifact: Path, batch: dict[str, np.ndarray], folder: Path, rounds: str) -> list[dict]:
    """What the worker writes for these rounds."""
    inputs = folder / "inputs.npz"
    np.savez(inputs, **{name: batch[name] for name in ARTIFACT_INPUTS.values()})
    done = subprocess.run(
        [sys.executable, "-m", "mbert_cli.tflite.latency_worker", str(artifact), "1", str(inputs)],
        input=rounds,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_round_is_answered_with_the_time_of_every_run(artifact_path, batch, tmp_path):
    ready, first, second = answers(artifact_path, batch, tmp_path, "0 0\n0 0.02\n")
    assert ready == {}
    assert len(first["milliseconds"]) == 1  # once at least
    assert len(second["milliseconds"]) > 1
    assert min(first["milliseconds"] + second["milliseconds"]) > 0
    assert 0 < first["peak_memory_bytes"] <= second["peak_memory_bytes"] < 100e6


def test_what_cannot_be_run_is_answered_with_the_rule_and_its_hint(artifact_path, batch, tmp_path):
    short = {name: batch[name][:, :6] for name in ARTIFACT_INPUTS.values()}
    assert answers(artifact_path, short, tmp_path, "0 0\n") == [
        {
            "error": f"The artifact {artifact_path} takes rows of 12 tokens. Received: 6",
            "hint": "Encode the text to 12 tokens.",
        }
    ]


def test_the_peak_counts_what_was_held_and_let_go():
    script = (
        "from mbert_cli.tflite.latency_worker import peak_memory_bytes as peak\n"
        "before = peak()\n"
        "held = b'1' * 200_000_000\n"
        "del held\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 190e6 < int(done.stdout) < 250e6
