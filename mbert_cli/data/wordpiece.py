"""Text to token ids, with the end-to-end WordPiece of tensorflow-text."""

from functools import cached_property

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

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Encodes texts as `encode` does, and says which characters each token was made of.

        Characters are counted in the texts as they were given, before accents and case are taken away. A
        token reaches over accents written as characters of their own. A character that was read as several
        letters, as "½" is, belongs whole to each token with one of them, so that tokens may overlap.

        Args:
            texts: Texts of any length, in valid Unicode.

        Returns:
            Ids and text starts as `encode` gives them, and of each token the first character and the one
            after the last, counted from 0 in its own text, (tokens,) int32. Neither falls within a text.
        """
        if not texts:
            return np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32)
        normalizer, cutter = self._steps
        with tf.device("/CPU:0"):
            folded, origins = normalizer.normalize_with_offsets(tf.constant(texts, tf.string))
            ids, starts, ends = cutter.tokenize_with_offsets(folded)
        text_of_token = np.repeat(np.arange(len(texts)), ids.row_lengths().numpy())
        base = origins.row_starts().numpy()[text_of_token]
        origin = origins.flat_values.numpy()  # of each byte of the folded texts, one more at each text's end
        first_bytes = origin[starts.flat_values.numpy() + base]
        changes = np.flatnonzero(np.diff(origin))  # the last byte of each run that has one origin
        last = changes[np.searchsorted(changes, ends.flat_values.numpy() + base - 1)]
        first_characters, end_characters = _to_characters(texts, text_of_token, first_bytes, origin[last + 1])
        return ids.flat_values.numpy(), ids.row_splits.numpy(), first_characters, end_characters

    @cached_property
    def _steps(self) -> tuple[tf_text.FastBertNormalizer, tf_text.FastWordpieceTokenizer]:
        """The two steps of the encoder, which by itself gives parts of one character no characters at all."""
        vocabulary = self.vocabulary
        return (
            tf_text.FastBertNormalizer(lower_case_nfd_strip_accents=vocabulary.lowercase),
            tf_text.FastWordpieceTokenizer(
                vocab=list(vocabulary.tokens), token_out_type=tf.int32, unknown_token=UNKNOWN
            ),
        )


def _to_characters(texts: list[str], rows: np.ndarray, *places: np.ndarray) -> list[np.ndarray]:
    """Byte places -> character places, both counted within the texts that `rows` names. (places,) int32."""
    data = np.frombuffer("".join(texts).encode(), np.uint8)
    before = np.zeros(len(data) + 1, np.int32)  # characters that begin before a byte
    np.cumsum((data & 0xC0) != 0x80, out=before[1:])
    bases = np.cumsum([0, *(len(text.encode()) for text in texts)])[rows]
    return [before[bases + place] - before[bases] for place in places]
