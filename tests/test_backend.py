"""The choice of the backend, checked before Keras is imported."""

import gc
import os
import subprocess
import sys

import pytest

from mbert_cli import backend
from mbert_cli.errors import UserError


def refusal(monkeypatch, chosen: str) -> tuple[str, str]:
    monkeypatch.setenv("KERAS_BACKEND", chosen)
    with pytest.raises(UserError) as error:
        backend.require_backend()
    return error.value.message, error.value.hint


def test_an_unknown_backend_is_refused(monkeypatch):
    assert refusal(monkeypatch, "torch") == (
        "KERAS_BACKEND must be tensorflow or jax. Received: torch",
        "Unset KERAS_BACKEND for TensorFlow.",
    )


def test_a_backend_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda name: None)
    assert refusal(monkeypatch, "jax") == (
        "The backend that KERAS_BACKEND names must be installed. Received: jax",
        "pip install 'mbert[jax]', or unset KERAS_BACKEND for TensorFlow.",
    )


@pytest.mark.parametrize("chosen", ["", "tensorflow"])
def test_tensorflow_is_the_backend_by_default(monkeypatch, chosen):
    monkeypatch.setenv("KERAS_BACKEND", chosen)
    backend.require_backend()


def test_keras_is_loaded_without_libraries_that_nobody_asked_for():
    program = """
import sys
from mbert_cli.backend import load_keras
load_keras()
assert "keras" in sys.modules and not {"jax", "matplotlib", "sklearn"} & set(sys.modules)
import sklearn.metrics
assert sklearn.metrics.accuracy_score([1], [1]) == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_garbage_is_looked_for_again_after_an_import_whatever_happens():
    assert gc.isenabled()
    with backend.no_garbage():
        with pytest.raises(ImportError), backend.no_garbage():
            raise ImportError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_backend_that_cannot_be_imported_is_told_with_the_reason(tmp_path):
    (tmp_path / "jax.py").write_text("raise ImportError('jaxlib is too old')")
    program = """
from mbert_cli.backend import load_keras, require_backend
from mbert_cli.errors import UserError
require_backend()
try:
    load_keras()
except UserError as error:
    assert error.exit_code == 2
    assert error.message == "Keras must be able to import its backend. Received: jax (jaxlib is too old)"
else:
    raise AssertionError
"""
    path = os.pathsep.join([str(tmp_path), *sys.path])
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": path},
    )
