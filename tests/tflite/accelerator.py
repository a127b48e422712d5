"""LiteRT's GPU accelerator on a machine without a GPU: Vulkan by the SwiftShader that comes with Debian's Chromium."""

import os
import subprocess
import sys
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np

from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS

DRIVERS = sorted(map(Path, glob("/usr/lib/chromium*/vk_swiftshader_icd.json")))
"""Where SwiftShader is installed, beside the loader of Vulkan; `apt-get install chromium-headless-shell` does it."""


@dataclass(frozen=True)
class Accelerated:
    """What the accelerator made of a file.

    Attributes:
        outputs: Arrays (rows, ...) by name; none where it refused the file.
        is_full: Whether it computed everything.
        log: What it said.
    """

    outputs: dict[str, np.ndarray]
    is_full: bool
    log: str


def run_accelerated(path: Path, batch: dict[str, np.ndarray], accelerators: str = "gpu") -> Accelerated:
    """Runs the rows of a batch on the accelerator, in a process of its own."""
    inputs, outputs = path.with_suffix(".inputs.npz"), path.with_suffix(".outputs.npz")
    outputs.unlink(missing_ok=True)
    np.savez(inputs, **{name: batch[key] for name, key in ARTIFACT_INPUTS.items()})
    driver = DRIVERS[0]
    process = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("accelerator_worker.py")),
            path,
            inputs,
            outputs,
            accelerators,
        ],
        check=False,
        env=os.environ | {"VK_ICD_FILENAMES": str(driver), "LD_LIBRARY_PATH": str(driver.parent)},
        capture_output=True,
        text=True,
        errors="replace",
    )
    log = process.stdout + process.stderr
    assert "SwiftShader Device" in log, log
    if not outputs.exists():
        return Accelerated({}, False, log)
    arrays = dict(np.load(outputs))
    return Accelerated({name: arrays[name] for name in arrays if name != "fully_accelerated"},
                       bool(arrays["fully_accelerated"]), log)  # fmt: skip
