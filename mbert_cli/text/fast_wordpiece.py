"""The WordPiece of tensorflow-text: several times faster than BERT's own tokenizer, and seconds to load."""

from functools import cached_property

import numpy as np

from mbert_cli.native_output import hidden_native_output
from mbert_cli.text.vocabulary import UNKNOWN

with hidden_native_output():
    import tensorflow as tf
    import tensorflow_text as tf_text


class FastWordPiece:
    """Cuts texts as BERT does, but for those that `tokenizer_differences.find_different` names.

    Args:
        tokens: Tokens in the order of their ids, without white space in any.
        lowercase: Lower-case and strip accents first.

    Raises:
        RuntimeError: tensorflow-text does not take the tokens: none is a word, or some are control characters.
    """

    def __init__(self, tokens: list[str], lowercase: bool) -> None:
        self._tokens = tokens
        self._lowercase = lowercase
        self._encoder = tf_text.FastBertTokenizer(
            vocab=tokens,
            token_out_type=tf.int32,
            unknown_token=UNKNOWN,
            lower_case_nfd_strip_accents=lowercase,
        )

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """What `mbert_cli.text.wordpiece.Tokenizer.encode` gives."""
        with tf.device("/CPU:0"):
            ragged = self._encoder.tokenize(tf.constant(texts, tf.string))
        return ragged.flat_values.numpy(), ragged.row_splits.numpy()

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `mbert_cli.text.wordpiece.Tokenizer.encode_with_offsets` gives."""
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
        return (
            tf_text.FastBertNormalizer(lower_case_nfd_strip_accents=self._lowercase),
            tf_text.FastWordpieceTokenizer(
                vocab=self._tokens, token_out_type=tf.int32, unknown_token=UNKNOWN
            ),
        )


def _to_characters(texts: list[str], rows: np.ndarray, *places: np.ndarray) -> list[np.ndarray]:
    """Byte places -> character places, both counted within the texts that `rows` names. (places,) int32."""
    data = np.frombuffer("".join(texts).encode(), np.uint8)
    before = np.zeros(len(data) + 1, np.int32)  # characters that begin before a byte
    np.cumsum((data & 0xC0) != 0x80, out=before[1:])
    bases = np.cumsum([0, *(len(text.encode()) for text in texts)])[rows]
    return [before[bases + place] - before[bases] for place in places]
