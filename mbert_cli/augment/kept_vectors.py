"""Word vectors that were trained on a store, and how far a training has come, kept from one command to the next.

The key is a hash of all that shapes them: the store, the options, the seed, and the library that trains them.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mbert_cli.augment.options import TrainedVectors
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.errors import RunError, UserError
from mbert_cli.home import own_cache
from mbert_cli.runs.cached_files import keep_file
from mbert_cli.runs.content import Content
from mbert_cli.weights.store import load_weights, save_weights

VECTORS_FORMAT = 1
"""Raised whenever the same store, options, seed and library give other vectors."""
MAX_KEPT_BYTES = 4 * 2**30
"""Most that the vectors of all stores take."""

VectorState = Mapping[str, np.ndarray]


class KeptVectors:
    """The vectors of one key, in the user's folder for caches.

    Attributes:
        folder: Where they lie.

    Args:
        key: From `vectors_key`.
        instead: The folder where there is none for caches.
    """

    def __init__(self, key: str, instead: Path) -> None:
        self.folder = own_cache("word-vectors") or instead
        self._finished = self.folder / f"{key}.safetensors"
        self._unfinished = self.folder / f"{key}.unfinished.safetensors"

    def read(self) -> WordVectors | None:
        """The vectors; None where they are not there, or are damaged."""
        found = _read(self._finished)
        if found is None or not {"words", "vectors"} <= found.keys():
            return None
        return WordVectors(found["words"].tobytes().decode().split("\n"), found["vectors"])

    def write(self, words: Sequence[str], vectors: np.ndarray) -> None:
        """Keeps vectors, unless there is no room for them, which costs time and not the run.

        Args:
            words: The words.
            vectors: (words, dimension) float32.
        """
        text = np.frombuffer("\n".join(words).encode(), np.uint8)
        with suppress(OSError, RunError):
            self._keep(self._finished, {"words": text, "vectors": vectors})
            self._unfinished.unlink(missing_ok=True)

    def read_state(self) -> VectorState | None:
        """How far a training has come; None where none was stopped, or what it left is damaged."""
        return _read(self._unfinished)

    def write_state(self, state: VectorState) -> None:
        """Keeps how far a training has come.

        Raises:
            RunError: There is no room.
        """
        self._keep(self._unfinished, state)

    def _keep(self, path: Path, arrays: VectorState) -> None:
        keep_file(path, lambda partial: save_weights(partial, arrays), MAX_KEPT_BYTES)


def vectors_key(store: Content, options: TrainedVectors, seed: int) -> str:
    """What vectors are kept under.

    Args:
        store: What the `prepare` run holds.
        options: How they are trained.
        seed: The seed of the training.
    """
    parts = {
        "format": VECTORS_FORMAT,
        "gensim": version("gensim"),
        "store": sorted((file.name, file.sha256) for file in store.files),
        "options": options.model_dump(exclude={"run"}),
        "seed": seed,
    }
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=20).hexdigest()


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file, which counts as used; None where there is no whole one."""
    with suppress(OSError, UserError):
        arrays = load_weights(path)
        os.utime(path)
        return arrays
    return None
