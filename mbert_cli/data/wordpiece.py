"""Text to token ids, with the end-to-end WordPiece of tensorflow-text."""

import numpy as np

from mbert_cli.data.vocabulary import UNKNOWN, Vocabulary
from mbert_cli.native_output import hidden_native_output

with hidden_native_output():
    import tensorflow as tf
    import tensorflow_text as tf_text


class Tokenizer:
    """Cuts texts into the ids of a vocabulary.

    One tokenizer may be used by many threads at once: TensorFlow holds no lock while it encodes. Reserved
    tokens written in a text, as in "[MASK]", are ordinary punctuation and letters. A word longer than
    100 bytes is `[UNK]`. The ids are those of BERT's own tokenizer but for characters that Unicode folds
    to others: with lower-casing, "ß" is read as "ss", "…" as "...", and control characters end a word.

    Args:
        vocabulary: Tokens and lower-casing.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._encoder = tf_text.FastBertTokenizer(
            vocab=list(vocabulary.tokens),
            token_out_type=tf.int32,
            unknown_token=UNKNOWN,
            lower_case_nfd_strip_accents=vocabulary.lowercase,
        )

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Encodes texts, without `[CLS]` and `[SEP]`.

        Args:
            texts: Texts of any length.

        Returns:
            The ids of all texts one after the other, (tokens,) int32, and where each text starts and the last
            one ends, (texts + 1,) int64.
        """
        if not texts:
            return np.zeros(0, np.int32), np.zeros(1, np.int64)
        with tf.device("/CPU:0"):
            ragged = self._encoder.tokenize(tf.constant(texts, tf.string))
        return ragged.flat_values.numpy(), ragged.row_splits.numpy()
