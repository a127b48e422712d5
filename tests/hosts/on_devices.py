"""A process of its own, for the number of devices of JAX is settled when it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_on_devices(module: str, count: int, folder: Path) -> dict[str, Any]:
    """Runs a module of this folder where a CPU is so many devices; returns the object that it prints last."""
    printed = subprocess.run(
        [sys.executable, "-m", f"tests.hosts.{module}", str(folder)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env=os.environ | {
            "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={count}",
        },
    ).stdout  # fmt: skip
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found
