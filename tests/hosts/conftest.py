"""A process of its own, for the number of devices of JAX is settled when it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `on_two_devices.py` finds."""
    folder = tmp_path_factory.mktemp("devices")
    printed = subprocess.run(
        [sys.executable, "-m", "tests.hosts.on_two_devices", str(folder)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env=os.environ | {
            "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
    ).stdout  # fmt: skip
    return json.loads(printed.splitlines()[-1])
