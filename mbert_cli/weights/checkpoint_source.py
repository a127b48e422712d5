"""A checkpoint of another project: found, recognised and read into our weights."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture
from mbert_cli.runs.content import Content, folder_content
from mbert_cli.text.foreign_tokenizer import MODEL_CONFIGURATION
from mbert_cli.weights import huggingface, tf1
from mbert_cli.weights.configuration import Configuration, read_configuration
from mbert_cli.weights.conversion import Coverage, from_foreign, unread_arrays
from mbert_cli.weights.fields import AXES
from mbert_cli.weights.foreign_heads import (
    FoundHeads,
    count_labels,
    find_heads,
    find_labels,
    find_notes,
    find_problem_type,
)
from mbert_cli.weights.names import weights_of
from mbert_cli.weights.prefixes import with_usual_prefix
from mbert_cli.weights.promises import require_counts, require_tied
from mbert_cli.weights.tinybert import with_its_pooler

_ENDINGS = (".json", ".txt", ".safetensors", ".bin", ".index", ".model")

PER_TOKEN = (
    "encoder/embeddings/word_embeddings",
    "masked_language_model/output/bias",
    "masked_language_model/output/extra_embeddings",
)
"""Weights with one row per token of the vocabulary."""


@dataclass(frozen=True)
class Imported:
    """A checkpoint as a network of ours.

    Attributes:
        file_format: huggingface or tf1.
        family: bert, mobilebert or distilbert.
        size: The encoder; with a pooler where its heads have one, also if the file lacks it.
        vocab_size: Rows of the word table.
        heads: Keys of `mbert_cli.weights.names.HEADS`, with the number of labels of each.
        task_head: The head of a task among its heads; None without one.
        problem_type: What a classifier of whole texts answers; None for other heads.
        labels: Names of the classifier's labels, if there is one.
        arrays: Weights by canonical name.
        coverage: What became of the file's arrays.
        absent: Parts that the configuration speaks of and the file lacks, and what takes their place.
        path: The folder, or the prefix of a TF1 checkpoint, that it was read from.
        notes: What was passed over or taken off, as sentences for people.
    """

    file_format: str
    family: str
    size: Architecture
    vocab_size: int
    heads: dict[str, int]
    task_head: str | None
    problem_type: str | None
    labels: tuple[str, ...] | None
    arrays: dict[str, np.ndarray]
    coverage: Coverage
    absent: dict[str, str]
    path: Path
    notes: tuple[str, ...] = ()


def read_checkpoint(source: Path, *, allow_unused: bool = False, allow_unknown: bool = False) -> Imported:
    """Reads a folder of Hugging Face, or a TF1 checkpoint by its prefix or folder.

    Args:
        source: The folder or prefix.
        allow_unused: Whether arrays that nothing is known about are left out.
        allow_unknown: Whether fields that nothing is known about are passed over.

    Raises:
        UserError: It is neither, is damaged, or is not an encoder that we have.
    """
    if (source / MODEL_CONFIGURATION).is_file():
        path, file_format = source / MODEL_CONFIGURATION, "huggingface"
        configuration = read_configuration(path, file_format, allow_unknown=allow_unknown)
        return _convert(source, huggingface.read_arrays(source), configuration, file_format, allow_unused)
    prefix = tf1.find_prefix(source)
    if prefix is None or not (prefix.parent / tf1.BERT_CONFIGURATION).is_file():
        raise UserError(
            f"A checkpoint is a folder with {MODEL_CONFIGURATION}, or a TF1 checkpoint beside its "
            f"{tf1.BERT_CONFIGURATION}. Received: {source}",
            "Name the folder that was downloaded, or the prefix of the .index file.",
        )
    configuration = read_configuration(
        prefix.parent / tf1.BERT_CONFIGURATION, "tf1", allow_unknown=allow_unknown
    )
    return _convert(prefix, tf1.Tf1Arrays(prefix), configuration, "tf1", allow_unused)


def _convert(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    configuration: Configuration,
    file_format: str,
    allow_unused: bool,
) -> Imported:
    family = configuration.family
    arrays, prefix_notes = with_usual_prefix(arrays, family, file_format)
    require_counts(arrays.keys(), configuration, file_format)
    found = find_heads(arrays.keys(), configuration, file_format)
    if found.task == "classifier" and family == "bert":
        configuration = with_its_pooler(arrays.keys(), configuration)
    size = configuration.size
    require_tied(found.heads, arrays, configuration)
    num_labels = count_labels(found.task, arrays, configuration, file_format)
    problem_type = find_problem_type(found.task, num_labels, configuration, file_format)
    labels = find_labels(num_labels, configuration) if num_labels else None
    heads = {head: num_labels if head == found.task else 0 for head in found.heads}
    weights = weights_of(size, configuration.vocab_size, heads, file_format, family)
    needless = found.needless | unread_arrays(arrays.keys(), size)
    converted, coverage = from_foreign(
        arrays, weights, needless=needless, fields=AXES[family], allow_unused=allow_unused
    )
    notes = (*prefix_notes, *configuration.notes, *find_notes(problem_type, num_labels, configuration))
    return Imported(
        file_format, family, size, configuration.vocab_size, heads, found.task, problem_type, labels, converted,
        coverage, _absent(size, found), path, notes,
    )  # fmt: skip


def without_padding(imported: Imported, num_tokens: int) -> Imported:
    """The network without the rows of its tables beyond the vocabulary, which no text reaches.

    Args:
        imported: The network.
        num_tokens: Tokens of the vocabulary, at most `vocab_size`.
    """
    if num_tokens == imported.vocab_size:
        return imported
    arrays = imported.arrays | {
        name: imported.arrays[name][:num_tokens] for name in PER_TOKEN if name in imported.arrays
    }
    note = (
        f"The word table has {imported.vocab_size:,} rows and the vocabulary {num_tokens:,} tokens: the rows beyond "
        "it are left out, since no text reaches them"
    )
    return replace(imported, vocab_size=num_tokens, arrays=arrays, notes=(*imported.notes, note))


def _absent(size: Architecture, found: FoundHeads) -> dict[str, str]:
    """What the file lacks; a fine-tuning or a training draws it anew."""
    if found.task:
        return {}
    absent = {}
    if size.use_pooler and "pooler" not in found.heads:
        absent["pooler"] = "drawn anew where a head reads whole texts"
    if "masked_language_model" not in found.heads:
        absent["masked_language_model"] = "only a teacher of masked words needs it"
    if "next_sentence" not in found.heads:
        absent["next_sentence"] = "nothing needs it"
    return absent


def checkpoint_content(source: Path) -> Content:
    """A checkpoint of another project: the files of its folder, or those that share its prefix and what lies beside."""
    folder = source if source.is_dir() else source.parent
    files = [
        path
        for path in folder.iterdir()
        if path.is_file()
        and (path.suffix in _ENDINGS or ".data-" in path.name)
        and (source.is_dir() or path.suffix in (".json", ".txt") or path.name.startswith(f"{source.name}."))
    ]
    return folder_content(folder, files)
