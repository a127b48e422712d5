"""`mbert --version`: the versions that matter, without importing any of the packages."""

import os
import platform
from pathlib import Path

from mbert_cli import __version__, console
from mbert_cli.json_text import read_json
from mbert_cli.runs.origin import package_version

_PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "jax")


def print_versions() -> None:
    """Prints mbert, Python, Keras with its backend, TensorFlow, LiteRT, and JAX when it is there."""
    console.result(f"mbert {__version__}")
    console.result(f"python {platform.python_version()}")
    for package in _PACKAGES:
        version = package_version(package)
        if version:
            backend = f" (backend {_backend()})" if package == "keras" else ""
            console.result(f"{package} {version}{backend}")


def _backend() -> str:
    """The backend that Keras will choose, by Keras' own rule: variable, then its file, then tensorflow."""
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen:
        return chosen
    home = os.environ.get("KERAS_HOME")
    file = (Path(home) if home else Path(os.path.expanduser("~/.keras"))) / "keras.json"
    try:
        return str(read_json(file)["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"
