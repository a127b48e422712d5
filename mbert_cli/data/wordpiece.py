"""Text to token ids: those of BERT, most of them from the end-to-end WordPiece of tensorflow-text."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from mbert_cli.data.bert_wordpiece import BertWordPiece
from mbert_cli.data.tokenizer_differences import find_different
from mbert_cli.data.vocabulary import UNKNOWN, Vocabulary
from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output

with hidden_native_output():
    import tensorflow as tf
    import tensorflow_text as tf_text

Encoded = tuple[np.ndarray, ...]
"""Ids and text starts, and of each token what else is known."""


class Tokenizer:
    """Cuts texts into the ids of a vocabulary, exactly those of BERT's own tokenizer.

    Texts that tensorflow-text may cut differently, `tokenizers` cuts. One tokenizer may be used by many threads
    at once: neither library holds a lock while it encodes. Reserved tokens written in a text, as in "[MASK]",
    are ordinary punctuation and letters. A word longer than 100 characters is `[UNK]`.

    Args:
        vocabulary: Tokens and lower-casing.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        # White space is no part of a word to BERT, but would be to tensorflow-text if it were in a token.
        self._tokens = [
            token if token.split() == [token] else f"[blank{index}]"
            for index, token in enumerate(vocabulary.tokens)
        ]
        self._exact = BertWordPiece(vocabulary)
        self._encoder: tf_text.FastBertTokenizer | None = None
        try:
            self._encoder = tf_text.FastBertTokenizer(
                vocab=self._tokens,
                token_out_type=tf.int32,
                unknown_token=UNKNOWN,
                lower_case_nfd_strip_accents=vocabulary.lowercase,
            )
        except RuntimeError:
            pass  # it takes no vocabulary without a word, nor with some control characters

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Encodes texts, without `[CLS]` and `[SEP]`.

        Args:
            texts: Texts of any length.

        Returns:
            The ids of all texts one after the other, (tokens,) int32, and where each text starts and the last
            one ends, (texts + 1,) int64.

        Raises:
            UserError: A text is not valid Unicode.
        """
        return self._encode(texts, self._quick, self._exact.encode)

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Encodes texts as `encode` does, and says which characters each token was made of.

        Characters are counted in the texts as they were given, before accents and case are taken away. A
        token reaches over accents written as characters of their own, and over others of which nothing is left.
        A character that was read as several letters, as "각" is with lower-casing, belongs whole to each token
        with one of them, so that tokens may overlap.

        Args:
            texts: Texts of any length.

        Returns:
            Ids and text starts as `encode` gives them, and of each token the first character and the one
            after the last, counted from 0 in its own text, (tokens,) int32. Neither falls within a text.

        Raises:
            UserError: A text is not valid Unicode.
        """
        return self._encode(texts, self._quick_with_offsets, self._exact.encode_with_offsets)

    def _encode(
        self, texts: list[str], quick: Callable[[list[str]], Encoded], exact: Callable[[list[str]], Encoded]
    ) -> Encoded:
        """The results of both ways as one, in the order of the texts."""
        different = find_different(texts, self.vocabulary.lowercase)
        try:
            if self._encoder is None or len(different) == len(texts):
                return exact(texts)
            if not different:
                return quick(texts)
            rows = set(different)
            others = [text for row, text in enumerate(texts) if row not in rows]
            return _insert(quick(others), different, exact([texts[row] for row in different]))
        except (TypeError, ValueError) as error:
            _refuse_broken(texts, error)
            raise

    def _quick(self, texts: list[str]) -> Encoded:
        with tf.device("/CPU:0"):
            ragged = self._encoder.tokenize(tf.constant(texts, tf.string))
        return ragged.flat_values.numpy(), ragged.row_splits.numpy()

    def _quick_with_offsets(self, texts: list[str]) -> Encoded:
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
            tf_text.FastBertNormalizer(lower_case_nfd_strip_accents=self.vocabulary.lowercase),
            tf_text.FastWordpieceTokenizer(
                vocab=self._tokens, token_out_type=tf.int32, unknown_token=UNKNOWN
            ),
        )


def _refuse_broken(texts: list[str], error: Exception) -> None:
    """Says which text is no Unicode; both libraries only say that there is one."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as place:
            around = (
                text[max(place.start - 20, 0) : place.end + 20].encode("utf-8", "backslashreplace").decode()
            )
            raise UserError(
                f'A text must be valid Unicode. Received: half of a surrogate pair in "{around}"',
                "Save the file, or type the text, in UTF-8.",
            ) from error


def _insert(others: Encoded, rows: list[int], some: Encoded) -> Encoded:
    """Joins what was encoded apart; `rows` are the places that the texts of `some` have among all texts."""
    before = np.array(rows) - np.arange(len(rows))  # of the others, ahead of each
    lengths = np.diff(some[1])
    all_lengths = np.insert(np.diff(others[1]), before, lengths)
    places = np.repeat(others[1][before], lengths)
    ids, *more = (
        np.insert(one, places, other)
        for one, other in zip((others[0], *others[2:]), (some[0], *some[2:]), strict=True)
    )
    return ids, np.concatenate([[0], np.cumsum(all_lengths)]), *more


def _to_characters(texts: list[str], rows: np.ndarray, *places: np.ndarray) -> list[np.ndarray]:
    """Byte places -> character places, both counted within the texts that `rows` names. (places,) int32."""
    data = np.frombuffer("".join(texts).encode(), np.uint8)
    before = np.zeros(len(data) + 1, np.int32)  # characters that begin before a byte
    np.cumsum((data & 0xC0) != 0x80, out=before[1:])
    bases = np.cumsum([0, *(len(text.encode()) for text in texts)])[rows]
    return [before[bases + place] - before[bases] for place in places]
