"""The lines that compile an artifact for an NPU, by LiteRT's tool and the compiler of a vendor."""

import shlex
from importlib import metadata
from pathlib import Path

COMPILED = "{}-compiled"
"""Folder that gets what is compiled of an artifact, beside the folder of that, which a later export replaces."""

_PACKAGE = "ai-edge-litert-sdk-google-tensor"
_SCRIPT = (
    "from ai_edge_litert.aot import aot_compile; from ai_edge_litert.aot.vendors.google_tensor import target; "
    "aot_compile.aot_compile({path!r}, output_dir={folder!r}, target=target.Target(target.SocModel.TENSOR_G5))"
)


def compile_lines(path: Path) -> list[str]:
    """Lines for a shell on Linux that compile an artifact for the NPU of a Pixel.

    Args:
        path: The .tflite file.
    """
    folder = path.parent.with_name(COMPILED.format(path.parent.name))
    script = _SCRIPT.format(path=str(path), folder=str(folder))
    return [
        f"python -m pip install {_PACKAGE}=={metadata.version('ai-edge-litert')}",
        f"python -c {shlex.quote(script)}",
    ]
