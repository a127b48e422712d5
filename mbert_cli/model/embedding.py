"""Token ids -> the first hidden states."""

from typing import Any

import keras
from keras import KerasTensor, ops

from mbert_cli.backend import Tensor
from mbert_cli.model.dense import Dense, Dropout, LayerWithParts
from mbert_cli.model.normalization import build_norm
from mbert_cli.model.options import Architecture


def trigram(embeddings: Tensor) -> Tensor:
    """Next, current and previous embedding side by side, in this order; zeros beyond the ends.

    Args:
        embeddings: (batch, length, dim).

    Returns:
        (batch, length, 3 * dim).
    """
    padded = ops.pad(embeddings, ((0, 0), (1, 1), (0, 0)))
    return ops.concatenate([padded[:, 2:], embeddings, padded[:, :-2]], axis=-1)


def look_up(table: Tensor, ids: Tensor) -> Tensor:
    """Rows of a table, (rows, dim), by their numbers, which are not negative."""
    if keras.backend.backend() != "tensorflow":
        return ops.take(table, ids, axis=0)
    import tensorflow as tf

    # ops.take also counts from the end, which takes three operations more, on the phone too.
    return tf.gather(ops.convert_to_tensor(table), ids)


class Embeddings(LayerWithParts):
    """Word (and neighbour), position and segment embeddings, normalized.

    The trigram looks at padding too: the last token of a padded sequence sees the vector of [PAD], as in
    the released MobileBERT.

    Args:
        size: Gives all widths.
        vocab_size: Rows of the word table.

    Call arguments:
        token_ids, segment_ids: (batch, length) int32.

    Returns:
        (batch, length, hidden_dim).
    """

    def __init__(self, size: Architecture, vocab_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.vocab_size = size, vocab_size

    def build(self, *shapes: object) -> None:
        size = self.size
        # Read as it is: of the whole table in bfloat16 a few rows would be looked up.
        table_shape = (self.vocab_size, size.embedding_dim)
        self.word_embeddings = self.own("word_embeddings", table_shape, autocast=False)
        self.projection = None
        if size.trigram_input or size.embedding_dim != size.hidden_dim:
            input_dim = size.embedding_dim * (3 if size.trigram_input else 1)
            self.projection = Dense(self, "projection", input_dim, size.hidden_dim)
        self.position_embeddings = self.own("position_embeddings", (size.max_length, size.hidden_dim))
        if size.num_segments:
            self.segment_embeddings = self.own("segment_embeddings", (size.num_segments, size.hidden_dim))
        self.norm = build_norm(self, size, size.hidden_dim, size.edge_epsilon)
        self.dropout = Dropout(self, "dropout", size.hidden_dropout_rate)

    def call(self, token_ids: Tensor, segment_ids: Tensor, training: bool | None = None) -> Tensor:
        length = ops.shape(token_ids)[1]
        words = ops.cast(look_up(self.word_embeddings, token_ids), self.compute_dtype)
        hidden = self._looked_up("word_embeddings", words)
        if self.size.trigram_input:
            hidden = self.at("trigram", trigram(hidden))
        if self.projection is not None:
            rows = self.projection(ops.reshape(hidden, (-1, hidden.shape[-1])))
            hidden = ops.reshape(rows, (-1, length, self.size.hidden_dim))
        positions = ops.convert_to_tensor(self.position_embeddings)[:length]
        hidden = self.at("positions", hidden + self._looked_up("position_embeddings", positions))
        if self.size.num_segments:
            segments = self._segments(segment_ids, hidden.dtype, training)
            hidden = self.at("segments", hidden + self._looked_up("segment_embeddings", segments))
        return self.dropout(self.norm(hidden), training)

    def _segments(self, segment_ids: Tensor, dtype: str, training: bool | None) -> Tensor:
        """(batch, length, hidden_dim), or (1, hidden_dim) of both texts of a pair."""
        if self.size.num_segments == 1:
            return self.segment_embeddings
        if not training:
            return look_up(self.segment_embeddings, segment_ids)
        # A gather would have a slow gradient.
        return ops.matmul(
            ops.one_hot(segment_ids, self.size.num_segments, dtype=dtype), self.segment_embeddings
        )

    def _looked_up(self, table: str, rows: Tensor) -> Tensor:
        """Passes on rows of one of the tables, or what becomes of them where they are rounded."""
        return (
            rows if self.quantizing is None else self.quantizing.looked_up(table, rows, getattr(self, table))
        )

    def compute_output_spec(
        self, token_ids: KerasTensor, segment_ids: KerasTensor, training: bool | None = None
    ) -> KerasTensor:
        return KerasTensor((*token_ids.shape, self.size.hidden_dim), dtype=self.compute_dtype)
