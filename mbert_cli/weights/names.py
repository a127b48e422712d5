"""What each weight is called by us, by Hugging Face and in TF1 checkpoints: tables, read in both directions.

One row is one module with all its arrays. In names {layer} is the number of a block from 0 and {index} that of
one of its feed-forward networks; the last network of a block, often its only one, has names of its own. {norm}
is LayerNorm, or FakeLayerNorm for a NoNorm. Hugging Face stores the kernel of a dense module as (output,
input); TF1 and we store it as (input, output), apart from heads that both others have as (output, input).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.weight_shapes import Shape


@dataclass(frozen=True)
class Module:
    """A row of the tables.

    Attributes:
        ours: Path of our weights.
        huggingface: Path in Hugging Face's state dicts; empty where it has none.
        tf1: Path in TF1 checkpoints; empty where they have none.
        kind: A key of `_ARRAYS`.
        axes: Names of the axes of the kernel, table or norm, as `_sizes` gives their lengths.
    """

    ours: str
    huggingface: str
    tf1: str
    kind: str
    axes: tuple[str, ...]


EMBEDDINGS = (
    Module("word_embeddings", "embeddings.word_embeddings", "embeddings/word_embeddings",
           "table", ("vocabulary", "embedding")),
    Module("position_embeddings", "embeddings.position_embeddings", "embeddings/position_embeddings",
           "table", ("positions", "hidden")),
    Module("segment_embeddings", "embeddings.token_type_embeddings", "embeddings/token_type_embeddings",
           "table", ("segments", "hidden")),
    Module("projection", "embeddings.embedding_transformation", "embeddings/embedding_transformation",
           "dense", ("embedding_input", "hidden")),
    Module("norm", "embeddings.LayerNorm", "embeddings/{norm}", "norm", ("hidden",)),
)  # fmt: skip
"""Modules below `encoder/embeddings`."""

BLOCK = (
    Module("bottleneck_input", "bottleneck.input.dense", "bottleneck/input/dense",
           "dense", ("hidden", "block")),
    Module("bottleneck_input/norm", "bottleneck.input.LayerNorm", "bottleneck/input/{norm}",
           "norm", ("block",)),
    Module("bottleneck_attention", "bottleneck.attention.dense", "bottleneck/attention/dense",
           "dense", ("hidden", "block")),
    Module("bottleneck_attention/norm", "bottleneck.attention.LayerNorm", "bottleneck/attention/{norm}",
           "norm", ("block",)),
    Module("attention/query", "attention.self.query", "attention/self/query",
           "dense", ("query_input", "block")),
    Module("attention/key", "attention.self.key", "attention/self/key", "dense", ("query_input", "block")),
    Module("attention/value", "attention.self.value", "attention/self/value",
           "dense", ("value_input", "block")),
    Module("attention/output", "attention.output.dense", "attention/output/dense",
           "dense", ("block", "block")),
    Module("attention/norm", "attention.output.LayerNorm", "attention/output/{norm}", "norm", ("block",)),
    Module("bottleneck_output", "output.bottleneck.dense", "output/bottleneck/dense",
           "dense", ("block", "hidden")),
    Module("bottleneck_output/norm", "output.bottleneck.LayerNorm", "output/bottleneck/{norm}",
           "norm", ("hidden",)),
)  # fmt: skip
"""Modules below `encoder/layer_NN`, without the feed-forward networks."""

STACKED_FEED_FORWARD = (
    Module("intermediate", "ffn.{index}.intermediate.dense", "ffn_layer_{index}/intermediate/dense",
           "dense", ("block", "intermediate")),
    Module("output", "ffn.{index}.output.dense", "ffn_layer_{index}/output/dense",
           "dense", ("intermediate", "block")),
    Module("norm", "ffn.{index}.output.LayerNorm", "ffn_layer_{index}/output/{norm}", "norm", ("block",)),
)  # fmt: skip
"""Modules below `encoder/layer_NN/feed_forward_N`, where another network follows."""

LAST_FEED_FORWARD = (
    Module("intermediate", "intermediate.dense", "intermediate/dense", "dense", ("block", "intermediate")),
    Module("output", "output.dense", "output/dense", "dense", ("intermediate", "block")),
    Module("norm", "output.LayerNorm", "output/{norm}", "norm", ("block",)),
)
"""Modules of the last feed-forward network of a block."""

HEAD_MODULES: dict[str, tuple[Module, ...]] = {
    "pooler": (Module("pooler", "pooler.dense", "bert/pooler/dense", "dense", ("hidden", "hidden")),),
    "masked_language_model": (
        Module("masked_language_model/transform", "cls.predictions.transform.dense",
               "cls/predictions/transform/dense", "dense", ("hidden", "hidden")),
        Module("masked_language_model/transform/norm", "cls.predictions.transform.LayerNorm",
               "cls/predictions/transform/LayerNorm", "norm", ("hidden",)),
        Module("masked_language_model/output/extra_embeddings", "cls.predictions.dense",
               "cls/predictions/extra_output_weights", "extra_table", ("vocabulary", "extra")),
        Module("masked_language_model/output/bias", "cls.predictions.bias", "cls/predictions/output_bias",
               "vector", ("vocabulary",)),
    ),
    "next_sentence": (
        Module("next_sentence", "cls.seq_relationship", "cls/seq_relationship", "head", ("hidden", "2")),
    ),
    "classifier": (Module("classifier", "classifier", "", "head", ("hidden", "labels")),),
    "answer_span": (Module("answer_span", "qa_outputs", "cls/squad", "head", ("hidden", "2")),),
    "token_classifier": (Module("token_classifier", "classifier", "", "head", ("hidden", "labels")),),
}  # fmt: skip
"""Modules of the heads, by the first part of our names."""

DISTILBERT = {
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
    "cls.predictions.transform.dense": "vocab_transform",
    "cls.predictions.transform.LayerNorm": "vocab_layer_norm",
    "cls.predictions.bias": "vocab_projector.bias",
    "pooler.dense": "pre_classifier",
}
"""Hugging Face's names for DistilBERT by its names for BERT, where they differ."""


@dataclass(frozen=True)
class Weight:
    """One array.

    Attributes:
        role: Its canonical name.
        names: Its names in a file: the first is the one to write, the others are older ones.
        shape: As we keep it.
        is_transposed: Whether the file has it transposed.
        axes: Names of the axes of `shape`.
    """

    role: str
    names: tuple[str, ...]
    shape: Shape
    is_transposed: bool
    axes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Array:
    """Ends of one array's names, in our files, Hugging Face's (older ones too) and TF1's, and where its axes begin."""

    ours: str
    huggingface: tuple[str, ...]
    tf1: str
    transposed_in: tuple[str, ...] = ()
    first_axis: int = 0


_ARRAYS: dict[str, tuple[_Array, ...]] = {
    "dense": (
        _Array("/kernel", (".weight",), "/kernel", ("huggingface",)),
        _Array("/bias", (".bias",), "/bias", first_axis=1),
    ),
    "head": (
        _Array("/kernel", (".weight",), "/output_weights", ("huggingface", "tf1")),
        _Array("/bias", (".bias",), "/output_bias", first_axis=1),
    ),
    "norm": (
        _Array("/gamma", (".weight", ".gamma"), "/gamma"),
        _Array("/beta", (".bias", ".beta"), "/beta"),
    ),
    "table": (_Array("", (".weight",), ""),),
    "extra_table": (_Array("", (".weight",), "", ("huggingface",)),),
    "vector": (_Array("", ("",), ""),),
}
"""The arrays of a module, by its kind."""


def weights_of(
    size: Architecture, vocab_size: int, heads: dict[str, int], file_format: str, family: str
) -> list[Weight]:
    """Every array of a network under its names in a file format.

    Args:
        size: The encoder's architecture.
        vocab_size: Rows of the word table.
        heads: Keys of `HEAD_MODULES` that the network has, with their number of labels; 0 where that does not matter.
        file_format: huggingface or tf1.
        family: bert, mobilebert or distilbert, which also is the prefix of Hugging Face's names.
    """
    sizes = _sizes(size, vocab_size)
    found: list[Weight] = []
    for module in _encoder_modules(size):
        found += _arrays(_with_prefix(module, file_format, family), sizes, size, file_format)
    for head, num_labels in heads.items():
        found += weights_of_head(head, num_labels, size, vocab_size, file_format, family)
    return found


def weights_of_head(
    head: str, num_labels: int, size: Architecture, vocab_size: int, file_format: str, family: str
) -> list[Weight]:
    """The arrays of one head; arguments as for `weights_of`."""
    sizes = _sizes(size, vocab_size) | {"labels": num_labels}
    return [
        weight
        for module in HEAD_MODULES[head]
        for weight in _arrays(_head(module, file_format, family), sizes, size, file_format)
    ]


def _encoder_modules(size: Architecture) -> Iterator[Module]:
    for module in EMBEDDINGS:
        if _exists(module.ours, size):
            yield _below(module, "encoder/embeddings", "", "")
    for layer in range(size.num_layers):
        path = f"encoder/{layer_name(layer)}"
        parts = [(module, "") for module in BLOCK if _exists(module.ours, size)]
        for name in size.feed_forward_names:
            table = LAST_FEED_FORWARD if name == size.feed_forward_names[-1] else STACKED_FEED_FORWARD
            parts += [(module, f"/{name}") for module in table]
        for module, part in parts:
            place = part.rpartition("_")[2]
            below = _below(module, f"{path}{part}", f"encoder.layer.{layer}.", f"encoder/layer_{layer}/")
            yield Module(
                below.ours, below.huggingface.replace("{index}", place), below.tf1.replace("{index}", place),
                below.kind, below.axes,
            )  # fmt: skip


def _exists(part: str, size: Architecture) -> bool:
    """Whether an architecture has a module."""
    if part == "segment_embeddings":
        return size.num_segments > 0
    if part == "projection":
        return size.trigram_input or size.embedding_dim != size.hidden_dim
    if part.startswith("bottleneck_attention"):
        has_shared = size.key_query_shared_bottleneck and not size.use_bottleneck_attention
        return size.intra_dim is not None and has_shared
    return not part.startswith("bottleneck") or size.intra_dim is not None


def _below(module: Module, ours: str, huggingface: str, tf1: str) -> Module:
    return Module(
        f"{ours}/{module.ours}", huggingface + module.huggingface, tf1 + module.tf1, module.kind, module.axes
    )


def _with_prefix(module: Module, file_format: str, family: str) -> Module:
    """An encoder's module under the prefix of its model."""
    if file_format == "tf1":
        return Module(module.ours, "", f"bert/{module.tf1}", module.kind, module.axes)
    name = _renamed(module.huggingface) if family == "distilbert" else module.huggingface
    return Module(module.ours, f"{family}.{name}", "", module.kind, module.axes)


def _renamed(name: str) -> str:
    """DistilBERT's name for a module of BERT's encoder."""
    if not name.startswith("encoder.layer."):
        return name
    _, _, layer, part = name.split(".", 3)
    return f"transformer.layer.{layer}.{DISTILBERT[part]}"


def _head(module: Module, file_format: str, family: str) -> Module:
    if file_format == "tf1":
        return module
    name = module.huggingface
    if family == "distilbert":
        return Module(module.ours, DISTILBERT.get(name, name), "", module.kind, module.axes)
    prefix = f"{family}." if name.startswith("pooler") else ""
    return Module(module.ours, prefix + name, "", module.kind, module.axes)


def _arrays(module: Module, sizes: dict[str, int], size: Architecture, file_format: str) -> Iterator[Weight]:
    norm = "FakeLayerNorm" if size.normalization == "no_norm" else "LayerNorm"
    for array in _ARRAYS[module.kind]:
        axes = module.axes[array.first_axis :]
        shape = tuple(sizes[axis] for axis in axes)
        if 0 in shape:
            continue  # a head without extra embeddings
        if file_format == "huggingface":
            names = tuple(module.huggingface + end for end in array.huggingface)
        else:
            # The classifier's arrays stand in no scope at all.
            names = ((module.tf1.replace("{norm}", norm) + array.tf1).lstrip("/"),)
        yield Weight(module.ours + array.ours, names, shape, file_format in array.transposed_in, axes)


def _sizes(size: Architecture, vocab_size: int) -> dict[str, int]:
    """The length of each axis that the tables name."""
    reads_narrow = size.intra_dim is not None and size.use_bottleneck_attention
    reads_shared = size.intra_dim is not None and size.key_query_shared_bottleneck
    return {
        "vocabulary": vocab_size,
        "embedding": size.embedding_dim,
        "embedding_input": size.embedding_dim * (3 if size.trigram_input else 1),
        "extra": size.hidden_dim - size.embedding_dim,
        "positions": size.max_length,
        "segments": size.num_segments,
        "hidden": size.hidden_dim,
        "block": size.block_dim,
        "intermediate": size.intermediate_dim,
        "query_input": size.block_dim if reads_narrow or reads_shared else size.hidden_dim,
        "value_input": size.block_dim if reads_narrow else size.hidden_dim,
        "2": 2,
    }
