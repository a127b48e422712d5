"""`mbert convert-checkpoint`: a run -> a folder of Hugging Face, or a TF1 checkpoint."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.task_columns import client_of
from mbert_cli.json_text import write_json
from mbert_cli.model.options import Architecture
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.lineage import WITH_WEIGHTS
from mbert_cli.runs.manifest import write_directory
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.text.matched_tokens import describe_matched
from mbert_cli.text.tokenizer_target import write_tokenizer
from mbert_cli.text.vocabulary import MASK, Vocabulary
from mbert_cli.weights import huggingface, tf1
from mbert_cli.weights.configuration import (
    EDGE_EPSILON,
    why_no_tf1,
    write_configuration,
    write_tf1_configuration,
)
from mbert_cli.weights.conversion import to_foreign
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.foreign_heads import HEAD_OF_CLASS, write_task
from mbert_cli.weights.names import HEAD_MODULES, weights_of
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.sentence_transformers import write_sentence_model

CHECKPOINT_FORMATS = ("huggingface", "tf1")

CLASSES = {"bert": "Bert", "mobilebert": "MobileBert", "distilbert": "DistilBert"}
"""How Hugging Face's classes begin, by family."""

PREFIX = "model.ckpt"
"""Name of a TF1 checkpoint in its folder."""


TRIGRAM = (
    "This model reads the token behind each token, so keep a [PAD] behind the longest text of a batch: in "
    'transformers padding="max_length" does, padding=True and a text alone do not (docs/padding.md)'
)
"""A note for models with trigram input: a text that ends where its batch ends gets a slightly different answer."""


@dataclass(frozen=True)
class ConvertCommand:
    """What was typed.

    Attributes:
        run: A complete run with weights.
        out: Folder to write; there must be nothing of that name.
        to: One of `CHECKPOINT_FORMATS`.
        dry_run: Account, write nothing.
    """

    run: Path
    out: Path
    to: str = "huggingface"
    dry_run: bool = False


def run(command: ConvertCommand) -> None:
    """Writes the weights of a run with configuration and vocabulary, and says what was left behind.

    Raises:
        UserError: The run is not complete, the folder exists, or the format cannot hold the network.
    """
    _require_format(command.to)
    model = RunModel.open(command.run, WITH_WEIGHTS)
    if command.out.exists():
        raise UserError(
            f"The folder to write must not exist yet. Received: {command.out}", "Name another one."
        )
    description, arrays, vocabulary = model.description, dict(model.weights), model.vocabulary
    family = find_family(description.size)
    require_place(description.size, {name.split("/")[0] for name in arrays}, command.to, family)
    dropped = _drop_foreign_heads(arrays, description.size, command.to, family)
    heads = _heads(arrays, description)
    weights = weights_of(description.size, description.vocabulary.size, heads, command.to, family)
    converted = to_foreign(arrays, weights)
    write_fields = write_configuration if command.to == "huggingface" else write_tf1_configuration
    configuration = write_fields(description.size, description.vocabulary.size, family)
    # TF1's code takes fields that it does not know; with them the checkpoint comes back as what it is.
    configuration |= write_task(
        find_architecture(heads, family), kind_of(description.kind).problem_type, description.output_names
    )
    _show(command, converted, dropped)
    fills_masks = command.to == "huggingface" and "masked_language_model" in heads
    _say_how_texts_are_read(description, vocabulary, fills_masks)
    if command.to == "huggingface" and family == "mobilebert":
        _say_edges(description.size)
    if command.dry_run:
        return
    length = description.task.sequence_length if description.task else description.size.max_length

    def write(folder: Path) -> None:
        console.info(f"Writing {format_bytes(sum(array.nbytes for array in converted.values()))}")
        write_tokenizer(folder, vocabulary, f"{CLASSES[family]}Tokenizer", length, is_text=not fills_masks)
        if command.to == "huggingface":
            _write_huggingface(folder, converted, configuration, family)
            write_sentence_model(folder, description.embedding, description.size.hidden_dim, length)
        else:
            _write_tf1(folder, converted, configuration)

    write_directory(command.out, write)
    console.result(f"{command.out}: written")


def _require_format(name: str) -> None:
    if name not in CHECKPOINT_FORMATS:
        raise UserError(
            f"--to must be {' or '.join(CHECKPOINT_FORMATS)}. Received: {name}",
            "Choose one of the two.",
        )


def find_family(size: Architecture) -> str:
    """The family of other projects that an architecture belongs to.

    A MobileBERT without bottlenecks is told from a BERT by what only the former can have.
    """
    has_more = (
        size.trigram_input or size.embedding_dim != size.hidden_dim or size.num_feedforward_networks > 1
    )
    is_normed_otherwise = size.normalization == "no_norm" or size.edge_epsilon != size.norm_epsilon
    if size.intra_dim is not None or (size.num_segments and (has_more or is_normed_otherwise)):
        return "mobilebert"
    return "bert" if size.num_segments else "distilbert"


def _say_edges(size: Architecture) -> None:
    """Says where Hugging Face's code computes a little differently."""
    if size.normalization == "layer_norm" and size.edge_epsilon != EDGE_EPSILON:
        console.info(
            f"Hugging Face's MobileBERT adds {EDGE_EPSILON:g} in the LayerNorms of the embeddings and of the last "
            f"feed-forward networks, where this run adds {size.edge_epsilon:g}"
        )


def require_place(size: Architecture, heads: Collection[str], file_format: str, family: str) -> None:
    """Checks that a format has a place for the network, and says whether the other one has.

    Raises:
        UserError: It has none.
    """
    if size.is_folded:
        raise UserError(
            "Hugging Face and TF1 have no models whose norms are folded into their weights. Received: a run that was "
            "fine-tuned with quantize",
            "Convert the run that it was made from.",
        )
    rule = _why_no_place(size, heads, file_format, family)
    if rule is None:
        return
    other = next(name for name in CHECKPOINT_FORMATS if name != file_format)
    has_place = _why_no_place(size, heads, other, family) is None
    raise UserError(
        f"{rule}. Received: --to {file_format}",
        f"Use --to {other}."
        if has_place
        else "Neither format holds this network; `mbert predict` and `mbert export-tflite` read the run itself.",
    )


def _why_no_place(size: Architecture, heads: Collection[str], file_format: str, family: str) -> str | None:
    """Why a format cannot hold a network; None if it can."""
    if file_format == "tf1" and family == "mobilebert" and size.intra_dim is None:
        return "A MobileBERT without bottlenecks was not compared with TF1's code"
    if file_format == "tf1":
        if family == "distilbert":
            return "There are no TF1 checkpoints of DistilBERT"
        return why_no_tf1(size) or _why_no_activation(size, heads, family)
    narrows_queries = size.use_bottleneck_attention or size.key_query_shared_bottleneck
    if family == "mobilebert" and size.intra_dim is not None and not narrows_queries:
        return "Hugging Face has no IB-BERT: its MobileBERT always narrows what query and key read"
    if family != "mobilebert" and "classifier" in heads and not size.use_pooler:
        return f"Hugging Face's {CLASSES[family]} classifies through a pooler, which this model does not have"
    return _why_no_activation(size, heads, family)


def _why_no_activation(size: Architecture, heads: Collection[str], family: str) -> str | None:
    """Why the code of a family computes another pooler; None if it computes this one, or nothing reads it."""
    theirs, readers = (
        ("relu", {"classifier"}) if family == "distilbert" else ("tanh", {"classifier", "next_sentence"})
    )
    if readers.isdisjoint(heads) or not size.use_pooler or size.pooler_activation == theirs:
        return None
    return f"The pooler of {CLASSES[family]} has the activation {theirs}, not {size.pooler_activation}"


def _drop_foreign_heads(
    arrays: dict[str, np.ndarray], size: Architecture, file_format: str, family: str
) -> dict[str, str]:
    """Takes out what the format has no place for; the reason by the head's name."""
    reasons = {"distilbert": "DistilBERT has none"}
    if not size.use_pooler:
        reasons["bert"] = "BERT reads it through a pooler"
    names = [name for name in arrays if name.startswith("next_sentence/")]
    if file_format == "tf1" or not names or family not in reasons:
        return {}
    for name in names:
        del arrays[name]
    return {"next_sentence": reasons[family]}


def _heads(arrays: Mapping[str, np.ndarray], description: ModelDescription) -> dict[str, int]:
    """The heads among the weights, with their number of labels."""
    found = {name.split("/")[0] for name in arrays}
    return {head: len(description.output_names or ()) for head in HEAD_MODULES if head in found}


def find_architecture(heads: Collection[str], family: str) -> str:
    """Hugging Face's class for an encoder with these heads."""
    end = next((end for end, head in HEAD_OF_CLASS.items() if head in heads), None)
    if end is None:
        end = {
            (True, True): "ForPreTraining", (True, False): "ForMaskedLM",
            (False, True): "ForNextSentencePrediction", (False, False): "Model",
        }["masked_language_model" in heads, "next_sentence" in heads]  # fmt: skip
    return CLASSES[family] + end


def _write_huggingface(
    folder: Path, arrays: Mapping[str, np.ndarray], configuration: Mapping[str, Any], family: str
) -> None:
    if configuration["architectures"] == [f"{CLASSES[family]}Model"]:
        # A bare encoder stands below no prefix.
        arrays = {name.removeprefix(f"{family}."): array for name, array in arrays.items()}
    huggingface.write_model(folder, arrays, configuration)


def _write_tf1(folder: Path, arrays: Mapping[str, np.ndarray], configuration: Mapping[str, Any]) -> None:
    tf1.write_checkpoint(folder / PREFIX, arrays)
    write_json(folder / tf1.BERT_CONFIGURATION, configuration)


def _show(command: ConvertCommand, arrays: Mapping[str, np.ndarray], dropped: Mapping[str, str]) -> None:
    rows = [("written", f"{len(arrays):,}", f"{sum(array.size for array in arrays.values()):,} parameters")]
    rows += [("left behind", head, reason) for head, reason in dropped.items()]
    console.table(
        f"convert-checkpoint: {command.run} -> {command.out} ({command.to})", ["", "arrays", ""], rows
    )


def _say_how_texts_are_read(description: ModelDescription, vocabulary: Vocabulary, fills_masks: bool) -> None:
    if description.size.trigram_input:
        console.info(TRIGRAM)
    client = client_of(description.task)
    if client is not None:
        console.warning(
            f"The model was fine-tuned on texts that are cut as {client} cuts them on phones. Its tokenizer there cuts "
            "them as BERT does"
        )
    matched = describe_matched(vocabulary.matched)
    if matched:
        console.info(f"Its tokenizer matches before it cuts words, as here: {matched}")
    elif vocabulary.matched or not fills_masks:
        console.info(f"{MASK} and the like typed in a text are text, as here (split_special_tokens)")
    else:
        console.info(
            f"{MASK} and the like typed in a text are matched there, so that masks can be filled; here they are text"
        )
