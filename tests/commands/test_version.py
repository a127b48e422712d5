"""The versions that matter, told without importing what they are of."""

import json
import platform

import pytest

import mbert_cli


@pytest.fixture(autouse=True)
def _no_backend(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def test_the_versions_of_what_matters_are_printed(run, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    code, out, _ = run("--version")
    lines = out.splitlines()
    assert code == 0
    assert lines[:2] == [f"mbert {mbert_cli.__version__}", f"python {platform.python_version()}"]
    assert [line.split()[0] for line in lines[2:5]] == ["keras", "tensorflow", "ai-edge-litert"]
    assert lines[2].endswith("(backend jax)")


@pytest.mark.parametrize(
    ("content", "backend"),
    [
        (json.dumps({"backend": "jax"}), "jax"),
        (None, "tensorflow"),
        ("{", "tensorflow"),
        ("{}", "tensorflow"),
        ("3", "tensorflow"),
        ("[" * 100_000, "tensorflow"),
    ],
)
def test_the_backend_is_the_one_that_keras_would_choose(run, tmp_path, content, backend):
    if content is not None:
        (tmp_path / "keras.json").write_text(content)
    assert f"(backend {backend})" in run("--version")[1].splitlines()[2]
