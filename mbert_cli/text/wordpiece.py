"""Text to token ids: those of BERT; where there is much text, most come from tensorflow-text."""

import importlib.util
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.text.bert_wordpiece import BertWordPiece
from mbert_cli.text.client_tokenizer import ClientWordPiece
from mbert_cli.text.matched_texts import find_texts, matching_search
from mbert_cli.text.tokenizer_differences import find_different
from mbert_cli.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from mbert_cli.text.fast_wordpiece import FastWordPiece

Way: TypeAlias = "BertWordPiece | FastWordPiece | ClientWordPiece"
"""What cuts texts."""

Encoded = tuple[np.ndarray, ...]
"""Ids and text starts, and of each token what else is known."""

SLOW_CHARACTERS = 2_000_000
"""Characters that `tokenizers` cuts in half a second; loading TensorFlow takes seconds."""


class Tokenizer:
    """Cuts texts into the ids of a vocabulary, exactly those of BERT's own tokenizer, or of a client's on phones.

    `tokenizers` cuts the first `SLOW_CHARACTERS`, and texts that tensorflow-text may cut differently or that may hold
    a token to be matched before words are cut. One tokenizer may be used by many threads at once: neither
    library holds a lock while it encodes. Reserved tokens written in a text, as in "[MASK]", are ordinary
    punctuation and letters unless the vocabulary says that they are matched. A word longer than 100 characters is
    `[UNK]`.

    Args:
        vocabulary: Tokens, lower-casing, and the tokens that are matched.
        client: Cut as this client on phones does, rather than as BERT: `mediapipe`.
    """

    def __init__(self, vocabulary: Vocabulary, client: str | None = None) -> None:
        self.vocabulary = vocabulary
        self.client = client
        self._exact = BertWordPiece(vocabulary) if client is None else ClientWordPiece(vocabulary)
        self._characters = 0

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
        ids, starts = self._encode(texts, lambda way, some: way.encode(some))
        return ids, starts

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Encodes texts as `encode` does, and says which characters each token was made of.

        Characters are counted in the texts as they were given, before accents and case are taken away. A
        token reaches over accents written as characters of their own, and over others of which nothing is left.
        A character that was read as several letters, as "각" is with lower-casing, belongs whole to each token
        with one of them, so that tokens may overlap.

        Args:
            texts: Texts of any length.

        Returns:
            Ids and text starts as `encode` gives them, and for each token the first character and the one
            after the last, counted from 0 in its own text, (tokens,) int32. Neither falls within a text.

        Raises:
            UserError: A text is not valid Unicode.
        """
        ids, starts, firsts, ends = self._encode(texts, lambda way, some: way.encode_with_offsets(some))
        return ids, starts, firsts, ends

    def find_cut_otherwise(self, texts: list[str]) -> list[int]:
        """Places of the texts that tensorflow-text, left alone, cuts into other ids, ascending."""
        places = sorted({*find_different(texts, self.vocabulary.lowercase), *self.find_matched(texts)})
        if not places or self._fast is None:
            return places
        some = [texts[place] for place in places]
        pieces = [
            np.split(ids, starts[1:-1])
            for ids, starts in (way.encode(some) for way in (self._exact, self._fast))
        ]
        return [
            place
            for place, exact, fast in zip(places, *pieces, strict=True)
            if not np.array_equal(exact, fast)
        ]

    def find_matched(self, texts: list[str]) -> list[int]:
        """Places of the texts that may hold a token which is matched before words are cut, ascending."""
        if not self.vocabulary.matched or self.client is not None:
            return []
        return find_texts(texts, self._may_match)

    @cached_property
    def _may_match(self) -> Callable[[str], bool]:
        found = [token for token in self.vocabulary.matched if not token.is_text]
        return matching_search(found, self.vocabulary.lowercase)

    def _encode(self, texts: list[str], encode: Callable[["Way", list[str]], Encoded]) -> Encoded:
        """The results of both ways as one, in the order of the texts."""
        try:
            if self.client is not None or not self._is_worth_loading(texts) or self._fast is None:
                return encode(self._exact, texts)
            different = find_different(texts, self.vocabulary.lowercase)
            different = sorted({*different, *self.find_matched(texts)})
            if len(different) == len(texts):
                return encode(self._exact, texts)
            if not different:
                return encode(self._fast, texts)
            rows = set(different)
            others = [text for row, text in enumerate(texts) if row not in rows]
            exact = encode(self._exact, [texts[row] for row in different])
            return _insert(encode(self._fast, others), different, exact)
        except (TypeError, ValueError) as error:
            _refuse_broken(texts, error)
            raise

    @cached_property
    def _fast(self) -> "FastWordPiece | None":
        """The quick way; None where it does not take the vocabulary, or where only JAX is installed."""
        if importlib.util.find_spec("tensorflow_text") is None:
            return None
        from mbert_cli.text.fast_wordpiece import FastWordPiece

        try:
            return FastWordPiece(words_of(self.vocabulary), self.vocabulary.lowercase)
        except RuntimeError:
            return None

    def _is_worth_loading(self, texts: list[str]) -> bool:
        """Whether there is so much text by now that the quick way is worth the seconds in which it is loaded."""
        self._characters += sum(map(len, texts))
        return self._characters > SLOW_CHARACTERS


def words_of(vocabulary: Vocabulary) -> list[str]:
    """The tokens as tensorflow-text takes them: those that no word is cut into have a name that no text has.

    White space is no part of a word to BERT, but would be to tensorflow-text if it were in a token.
    """
    return [
        token if token.split() == [token] and index not in vocabulary.outside else f"[blank{index}]"
        for index, token in enumerate(vocabulary.tokens)
    ]


def _refuse_broken(texts: list[str], error: Exception) -> None:
    """Says which text is not valid Unicode; both libraries only say that there is one."""
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
