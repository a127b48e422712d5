"""Where a run comes from: command, versions, commit, host, device, seed and start of every session."""

import os
import platform
import shlex
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mbert_cli.backend import count_cores

_PACKAGES = [
    "mbert", "keras", "tensorflow", "tensorflow-text", "tensorflow-datasets", "jax", "numpy", "ai-edge-litert",
    "tokenizers", "safetensors", "sentencex",
]  # fmt: skip


def collect_origin(
    *, seed: int | None = None, backend: str | None = None, device: str | None = None
) -> dict[str, Any]:
    """Returns the facts of this session, as `origin.json` keeps them.

    Args:
        seed: The recipe's seed, where it has one.
        backend: The Keras backend in use, where there is one.
        device: What computes, in words: "cpu", "NVIDIA H100".
    """
    return {
        "command": _command_line(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "backend": backend,
        "device": device,
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "cores": count_cores(),
        "versions": _versions(),
        "commit": _commit(),
    }


def _command_line() -> str:
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _versions() -> dict[str, str]:
    found = {name: version for name in _PACKAGES if (version := package_version(name))}
    return {"python": platform.python_version()} | found


def package_version(name: str) -> str | None:
    """The version of an installed package, which is not imported; None where it is not installed."""
    # Imported here because it takes longer than the rest of this module.
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Returns the commit of the checkout that runs, with "-dirty" after local changes; None elsewhere."""
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    # A git hook sets GIT_DIR and others, which would lead to another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=5, check=True, env=environment
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
