"""Lines that nobody can run here are checked as far as they go: up to the vendor's compiler."""

import shlex
from importlib import metadata
from pathlib import Path

import pytest

from mbert_cli.phone.ahead_of_time import compile_lines


def test_the_lines_name_a_model_a_folder_and_a_chip_that_the_tool_knows(monkeypatch):
    aot_compile = pytest.importorskip("ai_edge_litert.aot.aot_compile")
    called = []
    monkeypatch.setattr(aot_compile, "aot_compile", lambda *words, **named: called.append((words, named)))
    install, line = compile_lines(Path("runs/Ann's run/export/int8_full/model.tflite"))
    python, flag, script = shlex.split(line)
    assert (python, flag) == ("python", "-c")
    exec(script, {})
    (((path,), named),) = called
    assert path == "runs/Ann's run/export/int8_full/model.tflite"
    assert named["output_dir"] == "runs/Ann's run/export/int8_full-compiled"
    assert str(named["target"]) == "Google_Tensor_G5"
    version = metadata.version("ai-edge-litert")
    assert install == f"python -m pip install ai-edge-litert-sdk-google-tensor=={version}"
