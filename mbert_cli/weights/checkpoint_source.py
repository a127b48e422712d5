"""A checkpoint of another project: found, recognised and read into our weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.model.options import ModelSize
from mbert_cli.weights import huggingface
from mbert_cli.weights.configuration import Configuration, read_configuration
from mbert_cli.weights.conversion import Coverage, from_foreign
from mbert_cli.weights.names import weights_of
from mbert_cli.weights.task_heads import FoundHeads, count_labels, find_heads, find_kind, find_labels


@dataclass(frozen=True)
class Imported:
    """A checkpoint as a network of ours.

    Attributes:
        file_format: huggingface or tf1.
        family: bert, mobilebert or distilbert.
        size: The encoder; with a pooler where its heads have one, also if the file lacks it.
        vocab_size: Rows of the word table.
        heads: Keys of `mbert_cli.weights.names.HEADS`, with the number of labels of each.
        kind: What the head of a task answers, a key of `model.heads.TASK_HEADS`; None without one.
        labels: Names of the classifier's labels, if there is one.
        arrays: Weights by canonical name.
        coverage: What became of the file's arrays.
        absent: Parts that the configuration speaks of and the file has not, and what takes their place.
    """

    file_format: str
    family: str
    size: ModelSize
    vocab_size: int
    heads: dict[str, int]
    kind: str | None
    labels: tuple[str, ...] | None
    arrays: dict[str, np.ndarray]
    coverage: Coverage
    absent: dict[str, str]


def read_checkpoint(source: Path, *, allow_unused: bool = False) -> Imported:
    """Reads a folder of Hugging Face, or a TF1 checkpoint by its prefix or folder.

    Raises:
        UserError: It is neither, is damaged, or is no encoder of ours.
    """
    if (source / huggingface.CONFIGURATION).is_file():
        configuration = read_configuration(source / huggingface.CONFIGURATION, "huggingface")
        arrays = with_prefix(huggingface.read_arrays(source), configuration.family)
        return _convert(arrays, configuration, "huggingface", allow_unused)
    from mbert_cli.weights import tf1

    prefix = tf1.find_prefix(source)
    path = prefix and prefix.parent / tf1.CONFIGURATION
    if prefix is None or not path.is_file():
        raise UserError(
            f"A checkpoint is a folder with {huggingface.CONFIGURATION}, or a TF1 checkpoint beside its "
            f"{tf1.CONFIGURATION}. Received: {source}",
            "Name the folder that was downloaded, or the prefix of the .index file.",
        )
    return _convert(tf1.Tf1Arrays(prefix), read_configuration(path, "tf1"), "tf1", allow_unused)


def with_prefix(arrays: Mapping[str, np.ndarray], family: str) -> dict[str, np.ndarray]:
    """Names of a bare encoder's file as those of a model with heads, which stand below the family's name."""
    if any(name.startswith(f"{family}.") for name in arrays):
        return dict(arrays)
    parts = ("embeddings.", "encoder.", "transformer.", "pooler.")
    return {f"{family}.{name}" if name.startswith(parts) else name: array for name, array in arrays.items()}


def _convert(
    arrays: Mapping[str, np.ndarray], configuration: Configuration, file_format: str, allow_unused: bool
) -> Imported:
    family, size = configuration.family, configuration.size
    found = find_heads(arrays.keys(), configuration, file_format)
    num_labels = count_labels(found.task, arrays, configuration, file_format)
    kind = find_kind(found.task, num_labels, configuration) if found.task else None
    labels = find_labels(num_labels, configuration) if num_labels else None
    heads = {head: num_labels if head == found.task else 0 for head in found.heads}
    weights = weights_of(size, configuration.vocab_size, heads, file_format, family)
    converted, coverage = from_foreign(arrays, weights, needless=found.needless, allow_unused=allow_unused)
    return Imported(
        file_format, family, size, configuration.vocab_size, heads, kind, labels, converted, coverage,
        _absent(size, found),
    )  # fmt: skip


def _absent(size: ModelSize, found: FoundHeads) -> dict[str, str]:
    """What the file lacks; a fine-tuning or a training draws it anew."""
    if found.task:
        return {}
    absent = {}
    if size.use_pooler and "pooler" not in found.heads:
        absent["pooler"] = "drawn anew where a head reads whole texts"
    if "masked_language_model" not in found.heads:
        absent["masked_language_model"] = "a teacher needs it; fine-tuning does not"
    if "next_sentence" not in found.heads:
        absent["next_sentence"] = "nothing needs it"
    return absent
