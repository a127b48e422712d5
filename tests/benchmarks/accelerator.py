"""Artifacts on LiteRT's GPU accelerator, without a GPU, beside the CPU: on validation examples of their own task.

    PYTHONPATH=. python tests/benchmarks/accelerator.py [--rows 16] ARTIFACT.tflite ...

Needs the SwiftShader that comes with Debian's Chromium. Prints whether the accelerator computes everything, the largest
difference of an output, and how many answers are the same.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np

from mbert_cli.tasks.model import open_task_model, real_rows
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, Artifact
from mbert_cli.tflite.targets import described_refusals, refusal_record
from tests.tflite.accelerator import run_accelerated


def compare(path: Path, rows: int, folder: Path) -> None:
    """Prints a line for an artifact of one length and one output."""
    model = open_task_model(path)
    answering, encoded = model.sample(model.own_task, rows)
    batch = real_rows(next(iter(answering.batches(encoded, rows).in_order())))
    batch = {name: batch[name] for name in ARTIFACT_INPUTS.values()}
    found = run_accelerated(Path(shutil.copy(path, folder)), batch)
    refused = described_refusals(refusal_record(path.read_bytes()))
    if not found.outputs:
        print(f"{path}: not run; {refused}\n  {found.log.strip().splitlines()[-1]}")
        return
    (outputs,) = found.outputs.values()
    expected = Artifact(path).predict(batch)
    same = np.mean(outputs.argmax(-1) == expected.argmax(-1))
    print(f"{path}: {'all' if found.is_full else 'a part'} on the accelerator, largest difference "
          f"{np.abs(outputs - expected).max():.2g}, {same:.1%} of {len(expected)} answers the same; {refused}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for path in given.artifacts:
            compare(path, given.rows, Path(folder))


if __name__ == "__main__":
    main()
