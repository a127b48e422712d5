"""Model sizes as data: one row of `SIZES` is one architecture."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from mbert_cli.section import Positive, Section

Rate = Annotated[float, Field(ge=0, lt=1)]
Deviation = Annotated[float, Field(gt=0, lt=1)]

Pooling = Literal["mean", "cls"]
"""How the hidden states of a text become one vector: their mean over its tokens, or the state of [CLS]."""

NORM_EPSILON = 1e-12
"""Added to the variance of a LayerNorm, as in the released BERT and MobileBERT."""


class Architecture(Section):
    """Everything that shapes an encoder, apart from the vocabulary.

    `hidden_dim` is the width between blocks ("B-512" in the names of the released checkpoints) and
    `intra_dim` the width inside a bottleneck block ("H-128"). A size without `intra_dim` is made of
    BERT's plain blocks. Two kinds of normalization are what `mbert_cli.tflite.fold` makes of the others: folded, where
    there is none because the weights beside it do its work, and folded_layer_norm, which has no weights either.
    """

    num_layers: Positive
    """Transformer blocks."""
    hidden_dim: Positive
    """Width of the hidden states between blocks."""
    num_heads: Positive
    """Attention heads."""
    intermediate_dim: Positive
    """Width inside each feed-forward network."""
    embedding_dim: Positive
    """Width of the word embedding table."""
    intra_dim: Positive | None = None
    """Width inside a bottleneck block; an architecture without it is made of BERT's plain blocks."""
    trigram_input: bool = False
    """Feed each position the embeddings of the next, the current and the previous token."""
    num_feedforward_networks: Positive = 1
    """Feed-forward networks stacked in one block."""
    use_bottleneck_attention: bool = False
    """Query, key and value all read the bottlenecked input (MobileBERT TINY)."""
    key_query_shared_bottleneck: bool = False
    """Query and key read a bottleneck of their own, value reads the wide input (MobileBERT)."""
    normalization: Literal["no_norm", "layer_norm", "folded", "folded_layer_norm"] = "layer_norm"
    """Normalization of embeddings and blocks; the masked-LM head always uses layer_norm."""
    multiplied_residuals: tuple[str, ...] = ()
    """The additions of a folded model that multiply their residual by a vector of weights, such as
    `layer_03/attention`, `layer_03/feed_forward_0` or `layer_03/bottleneck_output`."""
    merged_projections: bool = False
    """Dense maps of a block that read the same rows before attention are one product, in which the query holds
    the factor of attention, 1 / sqrt(width of a head); see `mbert_cli.model.projections`."""
    norm_epsilon: Annotated[float, Field(ge=0, le=1)] = NORM_EPSILON
    """Added to the variance of each layer_norm."""
    edge_norm_epsilon: Annotated[float, Field(ge=0, le=1)] | None = None
    """Added instead of norm_epsilon where Hugging Face's MobileBERT ignores its configuration: in the layer_norm of
    the embeddings, and in the one after the last feed-forward network of each block. null keeps norm_epsilon."""
    activation: Literal["relu", "relu6", "gelu", "gelu_exact"] = "gelu"
    """Activation of the feed-forward networks and of the masked-LM head; gelu is the tanh approximation of BERT's
    first code, gelu_exact the exact function, which Hugging Face uses."""
    hidden_dropout_rate: Rate = 0.1
    """Dropout on hidden states."""
    attention_dropout_rate: Rate = 0.1
    """Dropout on attention probabilities."""
    max_length: Positive = 512
    """Rows of the position table: the longest sequence in tokens."""
    num_segments: Annotated[int, Field(ge=0)] = 2
    """Rows of the segment table; 0 leaves the table out (DistilBERT)."""
    initializer_range: Deviation = 0.02
    """Standard deviation of the truncated normal that kernels and tables are drawn from."""
    use_pooler: bool = False
    """Put a dense layer between [CLS] and the classifier; false feeds the classifier the raw vector."""
    pooler_activation: Literal["tanh", "relu", "tanh_relu"] = "tanh"
    """Activation of the pooler; relu in DistilBERT, and tanh_relu, one after the other, in classifiers that TinyBERT's
    own code of 2019 trained."""

    @property
    def block_dim(self) -> int:
        """Width inside a block: `intra_dim`, or `hidden_dim` for plain blocks."""
        return self.intra_dim or self.hidden_dim

    @property
    def feed_forward_names(self) -> list[str]:
        """Name scopes of the feed-forward networks of a block, in their order: `feed_forward_0` and so on."""
        return [f"feed_forward_{index}" for index in range(self.num_feedforward_networks)]

    @property
    def is_folded(self) -> bool:
        """Whether `mbert_cli.tflite.fold` made it."""
        return self.merged_projections

    @property
    def edge_epsilon(self) -> float:
        """What the embeddings' layer_norm adds, and that after a block's last feed-forward network."""
        return self.norm_epsilon if self.edge_norm_epsilon is None else self.edge_norm_epsilon

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "Architecture":
        if self.block_dim % self.num_heads:
            raise ValueError(
                f"the width inside a block ({self.block_dim}) must be a multiple of "
                f"num_heads ({self.num_heads})"
            )
        return self

    @model_validator(mode="after")
    def _words_are_no_wider_than_states(self) -> "Architecture":
        if self.hidden_dim < self.embedding_dim:
            raise ValueError(
                f"hidden_dim ({self.hidden_dim}) must be at least embedding_dim ({self.embedding_dim}), "
                "the width of the word table"
            )
        return self

    @model_validator(mode="after")
    def _residuals_of_folded_models_are_multiplied(self) -> "Architecture":
        if self.multiplied_residuals and not self.normalization.startswith("folded"):
            raise ValueError(
                f"multiplied_residuals must be empty unless normalization is folded (it is {self.normalization})"
            )
        return self


CHANGEABLE = (
    "num_layers", "hidden_dim", "num_heads", "intermediate_dim", "embedding_dim", "intra_dim",
    "num_feedforward_networks", "normalization", "activation", "hidden_dropout_rate", "attention_dropout_rate",
    "max_length", "initializer_range", "pooler_activation",
)  # fmt: skip
"""Fields of an architecture that a recipe may replace; the others make another kind of network."""

_CHOSEN = {"normalization": Literal["no_norm", "layer_norm"]}
"""What a recipe may choose where an architecture may also be what an export makes of it."""


def _replacement(name: str) -> tuple[Any, Any]:
    """The field of an architecture, or null."""
    field = Architecture.model_fields[name]
    annotation: Any = _CHOSEN.get(name, field.annotation)
    for constraint in field.metadata:
        annotation = Annotated[annotation, constraint]
    return annotation | None, Field(default=None, description=field.description)


if TYPE_CHECKING:

    class SizeChanges(Section):
        """Has a field for each name of `CHANGEABLE`."""

else:
    SizeChanges = create_model(
        "SizeChanges",
        __base__=Section,
        __doc__="Fields of the named size to replace; null keeps the size's own value.",
        **{name: _replacement(name) for name in CHANGEABLE},
    )


_IB_BERT_LARGE = Architecture(
    num_layers=24, hidden_dim=512, num_heads=4, intermediate_dim=4096,
    embedding_dim=128, intra_dim=1024, trigram_input=True,
)  # fmt: skip
_MOBILEBERT = Architecture(
    num_layers=24, hidden_dim=512, num_heads=4, intermediate_dim=512,
    embedding_dim=128, intra_dim=128, trigram_input=True, num_feedforward_networks=4,
    key_query_shared_bottleneck=True, normalization="no_norm", activation="relu",
    hidden_dropout_rate=0.0,
)  # fmt: skip
_BERT_BASE = Architecture(
    num_layers=12, hidden_dim=768, num_heads=12, intermediate_dim=3072,
    embedding_dim=768, use_pooler=True,
)  # fmt: skip

_LAPTOP = {"initializer_range": 0.04, "hidden_dropout_rate": 0.0, "attention_dropout_rate": 0.0}
"""Minutes of training on a laptop never overfit, and a narrow model needs larger initial weights."""


def _like(size: Architecture, **changes: object) -> Architecture:
    return Architecture(**(size.model_dump() | changes))


SIZES: dict[str, Architecture] = {
    "bert_base": _BERT_BASE,
    "bert_large": _like(
        _BERT_BASE, num_layers=24, hidden_dim=1024, num_heads=16, intermediate_dim=4096,
        embedding_dim=1024,
    ),
    "ib_bert_large": _IB_BERT_LARGE,
    "ib_bert_laptop": _like(
        _IB_BERT_LARGE, num_layers=4, hidden_dim=128, intermediate_dim=384, embedding_dim=64,
        intra_dim=192, max_length=256, **_LAPTOP,
    ),
    "mobilebert": _MOBILEBERT,
    "mobilebert_tiny": _like(
        _MOBILEBERT, num_feedforward_networks=2, use_bottleneck_attention=True,
        key_query_shared_bottleneck=False,
    ),
    "mobilebert_no_opt": _like(_MOBILEBERT, normalization="layer_norm", activation="gelu"),
    "mobilebert_laptop": _like(
        _MOBILEBERT, num_layers=4, hidden_dim=128, intermediate_dim=128, embedding_dim=64,
        intra_dim=64, max_length=256, **_LAPTOP,
    ),
    "tinybert_4": _like(
        _BERT_BASE, num_layers=4, hidden_dim=312, intermediate_dim=1200, embedding_dim=312
    ),
    "tinybert_6": _like(_BERT_BASE, num_layers=6),
    "distilbert_6": _like(_BERT_BASE, num_layers=6, num_segments=0, pooler_activation="relu"),
}  # fmt: skip


class ModelOptions(Section):
    """Which encoder to build."""

    size: Annotated[str, Field(json_schema_extra={"choices": sorted(SIZES)})]
    """Name of an architecture; `mbert recipe explain model.size` lists them all."""
    changes: SizeChanges = SizeChanges()
    """Fields of that size to replace, for example `--set model.changes.num_layers=6`."""

    @model_validator(mode="after")
    def _size_is_known(self) -> "ModelOptions":
        if self.size not in SIZES:
            raise ValueError(f"no size is named {self.size!r}; there are {', '.join(SIZES)}")
        self.resolve()
        return self

    def resolve(self) -> Architecture:
        """The named size with the changes applied."""
        changes = {k: v for k, v in self.changes.model_dump().items() if v is not None}
        return _like(SIZES[self.size], **changes)


class EmbeddingOptions(Section):
    """Texts as vectors: the hidden states of an encoder, without any head."""

    pooling: Pooling | None = None
    """mean over the tokens of a text, or the state of cls, its first token. null takes what the run was imported with;
    a run without a pooling is asked for its task."""
    normalize: bool | None = None
    """Whether each vector is divided by its length. null takes what the run was imported with, and false for others."""


AS_IMPORTED = EmbeddingOptions()
"""Leaves to each run what becomes of its texts."""


def layer_name(index: int) -> str:
    """Name of a block, counted from 0: `layer_07`."""
    return f"layer_{index:02d}"
