"""TF1 checkpoints: arrays by the names of their variables, in an index and a data file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output

BERT_CONFIGURATION = "bert_config.json"
CHECKPOINT_INDEX = ".index"


class Tf1Arrays(Mapping[str, np.ndarray]):
    """The arrays of a checkpoint, each read when it is asked for.

    Args:
        prefix: Path of the checkpoint without `.index`.

    Raises:
        UserError: It is not a checkpoint, or a part of it is missing or damaged.
    """

    def __init__(self, prefix: Path) -> None:
        tf = _tensorflow()
        self._prefix, self._errors = prefix, (tf.errors.OpError, ValueError, RuntimeError, IndexError)
        try:
            self._reader = tf.train.load_checkpoint(str(prefix))
            self._shapes = self._reader.get_variable_to_shape_map()
        except self._errors as error:
            raise self._damaged(error) from error

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._shapes:
            raise KeyError(name)
        try:
            array: np.ndarray = self._reader.get_tensor(name)
        except self._errors as error:
            raise self._damaged(error) from error
        return array

    def __contains__(self, name: object) -> bool:
        return name in self._shapes

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._shapes))

    def __len__(self) -> int:
        return len(self._shapes)

    def _damaged(self, error: Exception) -> UserError:
        reason = str(error).splitlines()[0].split(";")[0]
        return UserError(
            f"A TF1 checkpoint must be whole. Received: {self._prefix} ({reason})",
            "It consists of PREFIX.index and PREFIX.data-00000-of-00001; name it by PREFIX.",
        )


def find_prefix(source: Path) -> Path | None:
    """The checkpoint that a path means: itself, its `.index`, or the newest one in a folder; None for none."""
    if source.is_dir():
        indices = sorted(
            source.glob(f"*{CHECKPOINT_INDEX}"), key=lambda path: (path.stat().st_mtime, path.name)
        )
        return indices[-1].with_suffix("") if indices else None
    prefix = source.with_suffix("") if source.suffix == CHECKPOINT_INDEX else source
    return prefix if prefix.with_name(prefix.name + CHECKPOINT_INDEX).is_file() else None


def write_checkpoint(prefix: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a name-based checkpoint: `prefix.index` and `prefix.data-00000-of-00001`."""
    names, tf = list(arrays), _tensorflow()
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names),
        tensors=[tf.constant(arrays[name]) for name in names],
    )  # fmt: skip


def _tensorflow() -> Any:
    """TensorFlow, which takes seconds to import and has something to say meanwhile."""
    with hidden_native_output():
        import tensorflow as tf
    return tf
