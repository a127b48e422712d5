"""What reads the encoder's last hidden states, and the networks made of encoder and heads.

Names of the weights, beside those of `encoder.py`:

    masked_language_model/transform/{kernel,bias,norm/gamma,norm/beta}
    masked_language_model/output/extra_embeddings   (vocab_size, hidden_dim - embedding_dim), if wider than 0
    masked_language_model/output/bias               (vocab_size,)
    pooler/{kernel,bias}                            sizes with use_pooler
    next_sentence/{kernel,bias}                     (hidden_dim, 2)
    classifier/{kernel,bias}                        (hidden_dim, num_outputs)
    answer_span/{kernel,bias}                       (hidden_dim, 2): start and end
    token_classifier/{kernel,bias}                  (hidden_dim, num_outputs)

The head `embedding`, which pools the hidden states into one vector, has no weights. Kernels are (input, output).
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import KerasTensor, ops

from mbert_cli.backend import Tensor
from mbert_cli.model.attention import MASKED
from mbert_cli.model.dense import Dense, Dropout, LayerWithParts
from mbert_cli.model.encoder import build_encoder, resolve_size
from mbert_cli.model.feed_forward import ACTIVATIONS, COMPUTED_WITH_MAPS
from mbert_cli.model.initialization import draw_weights
from mbert_cli.model.normalization import LayerNorm
from mbert_cli.model.options import Architecture, Pooling
from mbert_cli.model.task_head import CLASSIFIER, TaskHead


class MaskedLanguageModelHead(LayerWithParts):
    """Scores every token of the vocabulary at the masked positions.

    The output matrix is tied: its first `embedding_dim` columns are the word table of the encoder, the
    others are the head's own (`extra_embeddings`).

    Args:
        size: Gives widths and activation; the norm is a LayerNorm whatever the size's normalization.
        word_embeddings: The word table of the encoder, (vocab_size, embedding_dim).

    Call arguments:
        hidden: (batch, length, hidden_dim).
        masked_positions: (batch, predictions) int32.

    Returns:
        (batch, predictions, vocab_size) float32 logits.
    """

    def __init__(self, size: Architecture, word_embeddings: keras.Variable, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.vocab_size = word_embeddings.shape[0]
        # A plain attribute would make the table the head's own weight.
        self.tied: Callable[[], keras.Variable] = lambda: word_embeddings

    def build(self, *shapes: object) -> None:
        hidden_dim = self.size.hidden_dim
        with keras.name_scope("transform"):
            self.transform = Dense(self, None, hidden_dim, hidden_dim)
            self.norm = LayerNorm(self, hidden_dim, self.size.norm_epsilon)
        extra_dim = hidden_dim - self.size.embedding_dim
        with keras.name_scope("output"):
            self.bias = self.own("bias", (self.vocab_size,))
            self.extra_embeddings = None
            if extra_dim:
                self.extra_embeddings = self.own("extra_embeddings", (self.vocab_size, extra_dim))

    def call(self, hidden: Tensor, masked_positions: Tensor) -> Tensor:
        rows = self._gather(hidden, masked_positions)
        rows = self.norm(ACTIVATIONS[self.size.activation](self.transform(rows)))
        # Two products spare the concatenation of two tables of the vocabulary's size in every step.
        split = self.size.embedding_dim
        table = ops.cast(self.tied(), rows.dtype)
        logits = ops.matmul(rows[:, :split], ops.transpose(table))
        if self.extra_embeddings is not None:
            logits = logits + ops.matmul(rows[:, split:], ops.transpose(self.extra_embeddings))
        logits = ops.cast(ops.add(logits, self.bias), "float32")
        return ops.reshape(logits, (-1, ops.shape(masked_positions)[1], self.vocab_size))

    def _gather(self, hidden: Tensor, masked_positions: Tensor) -> Tensor:
        """(batch, length, dim), (batch, predictions) -> (batch * predictions, dim)."""
        batch, length, dim = ops.shape(hidden)
        if keras.backend.backend() == "jax":
            # Example by example: devices that share out a batch would send each other all rows of a flat one.
            rows = ops.take_along_axis(hidden, ops.expand_dims(masked_positions, 2), axis=1)
            return ops.reshape(rows, (-1, dim))
        starts = ops.expand_dims(ops.arange(batch, dtype="int32") * length, 1)
        rows = ops.reshape(hidden, (-1, dim))
        return ops.take(rows, ops.reshape(masked_positions + starts, (-1,)), axis=0)

    def compute_output_spec(self, hidden: KerasTensor, masked_positions: KerasTensor) -> KerasTensor:
        return KerasTensor((*masked_positions.shape, self.vocab_size), dtype="float32")


POOLER_ACTIVATIONS = {
    "tanh": ops.tanh,
    "relu": ops.relu,
    "tanh_relu": lambda values: ops.relu(ops.tanh(values)),
}
"""Activations by their names in `Architecture.pooler_activation`."""


class Pooler(LayerWithParts):
    """The hidden state of [CLS], through a dense layer and its activation if the size has one.

    Call arguments:
        hidden: (batch, length, hidden_dim).

    Returns:
        (batch, hidden_dim).
    """

    def __init__(self, size: Architecture, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def build(self, hidden_shape: object) -> None:
        dim = self.size.hidden_dim
        name = self.size.pooler_activation
        is_fused = name in COMPUTED_WITH_MAPS
        self.activation = None if is_fused else POOLER_ACTIVATIONS[name]
        fused = POOLER_ACTIVATIONS[name] if is_fused else None
        self.dense = Dense(self, None, dim, dim, fused) if self.size.use_pooler else None

    def call(self, hidden: Tensor) -> Tensor:
        first = hidden[:, 0]
        if self.dense is None:
            return first
        pooled = self.dense(first)
        return pooled if self.activation is None else self.at("activation", self.activation(pooled))

    def compute_output_spec(self, hidden: KerasTensor) -> KerasTensor:
        return KerasTensor((hidden.shape[0], hidden.shape[2]), dtype=self.compute_dtype)


class ClassifierHead(LayerWithParts):
    """Dropout and a dense layer on the pooled hidden state, or on the hidden state of every token.

    Args:
        num_outputs: Width of the output.
        dropout_rate: Share of the states zeroed while training.

    Call arguments:
        states: (batch, hidden_dim) or (batch, length, hidden_dim).

    Returns:
        (batch, num_outputs) or (batch, length, num_outputs) float32 logits.
    """

    def __init__(self, num_outputs: int, dropout_rate: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_outputs, self.dropout_rate = num_outputs, dropout_rate

    def build(self, states_shape: tuple[Any, ...]) -> None:
        self.dense = Dense(self, None, states_shape[-1], self.num_outputs)
        self.dropout = Dropout(self, "dropout", self.dropout_rate)

    def call(self, states: Tensor, training: bool | None = None) -> Tensor:
        return ops.cast(self.dense(self.dropout(states, training)), "float32")

    def compute_output_spec(self, states: KerasTensor, training: bool | None = None) -> KerasTensor:
        return KerasTensor((*states.shape[:-1], self.num_outputs), dtype="float32")


class TextPooling(keras.Layer):
    """One vector for a text out of the hidden states of its tokens.

    Args:
        pooling: The mean over tokens, of which padding is none, or the state of [CLS].

    Call arguments:
        hidden: (batch, length, hidden_dim).
        padding_mask: (batch, length) int32, 1 for tokens and 0 for padding.

    Returns:
        (batch, hidden_dim) float32.
    """

    def __init__(self, pooling: Pooling, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pooling = pooling

    def call(self, hidden: Tensor, padding_mask: Tensor) -> Tensor:
        hidden = ops.cast(hidden, "float32")
        if self.pooling == "cls":
            return hidden[:, 0]
        mask = ops.expand_dims(ops.cast(padding_mask, "float32"), -1)  # (batch, length, 1)
        return ops.sum(hidden * mask, axis=1) / ops.sum(mask, axis=1)

    def compute_output_spec(self, hidden: KerasTensor, padding_mask: KerasTensor) -> KerasTensor:
        return KerasTensor((hidden.shape[0], hidden.shape[2]), dtype="float32")


def build_pretraining_network(
    size: str | Architecture,
    *,
    vocab_size: int = 30522,
    seed: int | None = 0,
    name: str = "pretraining",
    dtype: str | keras.DTypePolicy | None = None,
    next_sentence: bool = True,
    returns_projections: bool = False,
) -> keras.Model:
    """Builds an encoder with the heads of BERT's pre-training.

    Args: those of `build_encoder`, and
        next_sentence: Whether there is a head for the next sentence; models trained on masked words alone have
            none.

    Returns:
        A model from the encoder's inputs and `masked_positions` (batch, predictions) int32 to a dict: the
        encoder's Trace, `masked_logits` (batch, predictions, vocab_size) and `next_sentence_logits` (batch,
        2), of which 0 stands for "is the next sentence"; both float32.
    """
    size = resolve_size(size)
    encoder = build_encoder(
        size, vocab_size=vocab_size, seed=seed, dtype=dtype, returns_projections=returns_projections
    )
    positions = keras.Input((None,), dtype="int32", name="masked_positions")
    table = encoder.get_layer("embeddings").word_embeddings
    masked_language_model = MaskedLanguageModelHead(size, table, name="masked_language_model", dtype=dtype)
    hidden = encoder.output["hidden_states"][-1]
    outputs = encoder.output | {"masked_logits": masked_language_model(hidden, positions)}
    weights = masked_language_model.weights
    if next_sentence:
        pooler = Pooler(size, name="pooler", dtype=dtype)
        classifier = ClassifierHead(2, name="next_sentence", dtype=dtype)
        outputs["next_sentence_logits"] = classifier(pooler(hidden))
        weights = [*weights, *pooler.weights, *classifier.weights]
    draw_weights(weights, seed, size.initializer_range)
    return keras.Model(encoder.input | {"masked_positions": positions}, outputs, name=name)


def build_task_network(
    size: str | Architecture,
    *,
    head: TaskHead = CLASSIFIER,
    num_outputs: int = 0,
    vocab_size: int = 30522,
    seed: int | None = 0,
    dropout_rate: float = 0.1,
    dtype: str | keras.DTypePolicy | None = None,
    draws_encoder: bool = True,
    ends_in_cls: bool = False,
    returns_trace: bool = False,
    returns_projections: bool = False,
    masked: float = MASKED,
) -> keras.Model:
    """Builds an encoder with the head of a task.

    Args: those of `build_encoder`, and
        head: What reads the encoder's last hidden states.
        num_outputs: Width of the output: one for each label, or as many as the task has numbers; not read for a head
            without weights.
        dropout_rate: Share of the states that the head reads zeroed while training.
        draws_encoder: False where the encoder's weights come from a file; those of the head are drawn all the same.
        ends_in_cls: Whether the last block computes [CLS] alone where the head reads nothing else.
        returns_trace: Whether what the encoder computes is returned too, and learned from.
        masked: What is added to the attention logits of padding.

    Returns:
        A model from the encoder's inputs to a dict of `logits`, float32: (batch, num_outputs), or (batch, length,
        num_outputs) for a head that reads every token, or (batch, hidden_dim) for one without weights; with
        `returns_trace` beside the encoder's Trace.
    """
    size = resolve_size(size)
    encoder = build_encoder(
        size,
        vocab_size=vocab_size,
        seed=seed,
        dtype=dtype,
        learns_attention=returns_trace,
        returns_projections=returns_projections,
        is_drawn=draws_encoder,
        ends_in_cls=ends_in_cls and head.reads_cls_alone and not returns_trace,
        masked=masked,
    )
    trace = encoder.output if returns_trace else {}
    states, weights = encoder.output["hidden_states"][-1], []
    if head.pooling is not None:
        vectors = TextPooling(head.pooling, name=head.name)(states, encoder.input["padding_mask"])
        return keras.Model(encoder.input, trace | {"logits": vectors}, name="task")
    classifier = ClassifierHead(num_outputs, dropout_rate, seed=seed or 0, name=head.name, dtype=dtype)
    if head.is_pooled:
        pooler = Pooler(size, name="pooler", dtype=dtype)
        states, weights = pooler(states), pooler.weights
    logits = classifier(states)
    draw_weights([*weights, *classifier.weights], seed, size.initializer_range)
    return keras.Model(encoder.input, trace | {"logits": logits}, name="task")


def logits_alone(network: keras.Model) -> keras.Model:
    """A task network, made of the very same layers, that returns its logits and not what its encoder computes."""
    return keras.Model(network.input, {"logits": network.output["logits"]}, name=network.name)


def with_columns(network: keras.Model, columns: Sequence[int]) -> keras.Model:
    """A task network, made of the very same layers, with its outputs in the order of some columns.

    Args:
        network: A model from `build_task_network`.
        columns: For each output that it is to have, the one that it has.
    """
    logits = network.output["logits"]
    if list(columns) == list(range(logits.shape[-1])):
        return network
    logits = ops.take(logits, list(columns), axis=-1)
    return keras.Model(network.input, network.output | {"logits": logits}, name=network.name)
