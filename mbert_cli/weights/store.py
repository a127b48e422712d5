"""Arrays in a safetensors file, whole or not there."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from safetensors import SafetensorError, safe_open

from mbert_cli.errors import RunError, UserError
from mbert_cli.json_text import parse_json
from mbert_cli.runs.manifest import sync_path

DTYPES: dict[str, np.dtype] = {
    "U64": np.dtype("uint64"),
    "I64": np.dtype("int64"),
    "F64": np.dtype("float64"),
    "F32": np.dtype("float32"),
    "U32": np.dtype("uint32"),
    "I32": np.dtype("int32"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F16": np.dtype("float16"),
    "U8": np.dtype("uint8"),
    "BOOL": np.dtype("bool"),
}
"""The types of the format that weights, optimizer states and seeds have, in the order of the arrays in a file: wide
ones first, so that every array is aligned."""


def save_weights(
    path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes arrays by name; under `path` there is the old file or the whole new one, never a part.

    Args:
        path: The file; its folder must exist.
        arrays: Arrays of the types in `DTYPES`.
        metadata: Strings to keep beside them.

    Raises:
        RunError: The file cannot be written.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    try:
        _write(partial, arrays, dict(metadata or {}))
        sync_path(partial)
        os.replace(partial, path)
        sync_path(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RunError(
            f"The weights could not be written ({error}). Received: {path}",
            "Free some disk space or choose another folder with --run.",
        ) from error


def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads arrays by name.

    Returns:
        Read-only arrays that are mapped into memory: only what is used is read from disk.

    Raises:
        UserError: The file is missing, truncated or no safetensors file, or has arrays of another type.
    """
    header, data_start = _read_header(Path(path))
    data = np.memmap(path, mode="r", dtype=np.uint8)[data_start:]
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] not in DTYPES:
            raise UserError(
                f"Arrays must be of the types {', '.join(DTYPES)}. Received: {entry['dtype']} for {name} in {path}",
                "Save the model in float32, float16 or bfloat16.",
            )
        start, end = entry["data_offsets"]
        arrays[name] = data[start:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def _write(path: Path, arrays: Mapping[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Writes the format of safetensors array by array, where the library holds a second copy of them all."""
    codes = {dtype: code for code, dtype in DTYPES.items()}
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    order = list(codes)
    names = sorted(arrays, key=lambda name: (order.index(arrays[name].dtype), name))
    end = 0
    for name in names:
        array = arrays[name]
        start, end = end, end + array.nbytes
        header[name] = {"dtype": codes[array.dtype], "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            file.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)


def _read_header(path: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """Entries of the arrays by name, and the offset of the first byte of data."""
    with _open_checked(path), path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = parse_json(file.read(length))
    header.pop("__metadata__", None)
    return header, 8 + length


def _open_checked(path: Path) -> safe_open:
    """Opens the file; safetensors checks that its header describes exactly the bytes that follow."""
    hint = "Train or import these weights again, or point to another run or checkpoint."
    if not path.is_file():
        raise UserError(f"The weights must be an existing safetensors file. Received: {path}", hint)
    try:
        return safe_open(path, framework="numpy")
    except (OSError, SafetensorError) as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise UserError(
            f"The weights must be a whole safetensors file ({reason}). Received: {path}", hint
        ) from error
