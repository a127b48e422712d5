"""Folders of Hugging Face: arrays from safetensors files, whole or in shards, or from a pickle without running it."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json, write_json
from mbert_cli.text.foreign_tokenizer import MODEL_CONFIGURATION
from mbert_cli.weights.store import load_weights, save_weights

SAFETENSORS = "model.safetensors"
PICKLE = "pytorch_model.bin"
SHARD_INDEX = ".index.json"
"""End of the name of the file that says which shard has which array."""


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """All arrays of a model, by the names in its files; mapped into memory where the format allows it.

    Raises:
        UserError: There are none, a shard is missing or damaged, or a pickle cannot be read safely.
    """
    for name, read in ((SAFETENSORS, load_weights), (PICKLE, _read_pickle)):
        if (folder / name).is_file():
            return dict(read(folder / name))
        if (folder / f"{name}{SHARD_INDEX}").is_file():
            return _read_shards(folder, folder / f"{name}{SHARD_INDEX}", read)
    raise UserError(
        f"A model must have a {SAFETENSORS} or a {PICKLE}, whole or in shards. Received: {folder}",
        "Download the weights too: `hf download MODEL --local-dir DIR`.",
    )


def write_model(folder: Path, arrays: Mapping[str, np.ndarray], configuration: Mapping[str, Any]) -> None:
    """Writes weights and configuration into an existing folder, as `from_pretrained` reads them."""
    save_weights(folder / SAFETENSORS, arrays, {"format": "pt"})
    write_json(folder / MODEL_CONFIGURATION, configuration)


def _read_shards(
    folder: Path, index: Path, read: Callable[[Path], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays of all shards, each from the file that the index names."""
    try:
        places: dict[str, str] = read_json(index)["weight_map"]
        shards = {name: folder / Path(name).name for name in sorted(set(places.values()))}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"The index of a model in shards must be readable. Received: {index}", "Restore the file."
        ) from error
    missing = [path.name for path in shards.values() if not path.is_file()]
    if missing:
        raise UserError(
            f"A model in shards needs all of them. Received: {folder} without {', '.join(missing)}",
            "Download the missing files too.",
        )
    contents = {name: read(path) for name, path in shards.items()}
    lost = [name for name, shard in places.items() if name not in contents[shard]]
    if lost:
        raise UserError(
            f"A shard must have the arrays that the index says. Received: {places[lost[0]]} without {lost[0]}",
            "Download the files again.",
        )
    return {name: contents[shard][name] for name, shard in places.items()}


def _read_pickle(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a pickle, by torch's reader that runs none of it."""
    try:
        import torch
    except ImportError:
        raise UserError(
            f"A pickle is read by torch, which runs none of its code. Received: {path}, and torch is not installed",
            f"`pip install torch`, or save the model as {SAFETENSORS} with `model.save_pretrained(DIR)`.",
        ) from None
    try:
        # Files of torch before 1.6 are no archives, which alone can be mapped into memory.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        _require_tensors(content, torch.Tensor, path)
        return {name: tensor.detach().float().numpy() for name, tensor in content.items()}
    except UserError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"A pickle must hold arrays by name and nothing else. Received: {path} ({reason})",
            f"Save the model as {SAFETENSORS}: it holds nothing else.",
        ) from error


def _require_tensors(content: Any, tensor: type, path: Path) -> None:
    """Refuses a checkpoint of a training, which holds the model's arrays under one name among others."""
    if not isinstance(content, Mapping):
        raise TypeError(f"a {type(content).__name__}")
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            raise UserError(
                f"A pickle must hold arrays by name and nothing else. Received: {path}, with more of them under {name}",
                f"Save those alone: `torch.save(torch.load(FILE, weights_only=True)[{name!r}], OTHER)`.",
            )
        if not isinstance(value, tensor):
            raise TypeError(f"{name} is a {type(value).__name__}")
