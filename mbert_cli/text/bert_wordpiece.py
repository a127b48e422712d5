"""BERT's own tokenizer: right for every text, and several times slower than that of tensorflow-text."""

from collections.abc import Iterable
from functools import cached_property
from itertools import chain

import numpy as np
from tokenizers import AddedToken, Encoding, Tokenizer, models, normalizers, pre_tokenizers

from mbert_cli.text.matched_tokens import MatchedToken, splits_special
from mbert_cli.text.tokenizer_differences import MAX_WORD
from mbert_cli.text.vocabulary import UNKNOWN, Vocabulary

BATCH = 10_000
"""Texts that are encoded together; what the library makes of a text takes far more memory than its ids."""


class BertWordPiece:
    """The `tokenizers` package with the settings of BERT.

    Args:
        vocabulary: Tokens, lower-casing, and the tokens that are matched before words are cut.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._vanishing = _Vanishing(vocabulary.lowercase)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return build_tokenizer(self._vocabulary)

    @cached_property
    def _ids(self) -> np.ndarray:
        """(tokens,) int32. Our id by the library's, which numbers words first and then what was added."""
        numbered = self._tokenizer.get_vocab(with_added_tokens=True)
        ids = np.zeros(len(numbered), np.int32)
        for token, index in numbered.items():
            ids[index] = self._vocabulary.ids[token]
        return ids

    @cached_property
    def _matched_ids(self) -> frozenset[int]:
        return frozenset(token.id for token in self._vocabulary.matched if not token.is_text)

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """What `mbert_cli.text.wordpiece.Tokenizer.encode` gives."""
        ids: list[np.ndarray] = []
        lengths: list[int] = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            ids.append(self._ids[_join_ids(encodings)])
            lengths += map(len, encodings)
        return np.concatenate([np.zeros(0, np.int32), *ids]), _starts(lengths)

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `mbert_cli.text.wordpiece.Tokenizer.encode_with_offsets` gives."""
        ids: list[np.ndarray] = []
        offsets = [np.zeros((0, 2), np.int32)]
        lengths: list[int] = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            encodings = self._tokenizer.encode_batch(batch, add_special_tokens=False)
            ids.append(self._ids[_join_ids(encodings)])
            lengths += map(len, encodings)
            for text, encoding in zip(batch, encodings, strict=True):
                offsets.append(self._offsets(text, encoding))
        firsts, ends = np.concatenate(offsets).T
        return np.concatenate([np.zeros(0, np.int32), *ids]), _starts(lengths), firsts, ends

    def _offsets(self, text: str, encoding: Encoding) -> np.ndarray:
        """The characters of each token and those after it of which nothing is left. (tokens, 2) int32."""
        offsets = np.array(encoding.offsets, np.int32).reshape(-1, 2)
        vanishing = self._vanishing
        if self._vocabulary.matched:
            self._strip(text, encoding, offsets)
        for token, end in enumerate(offsets[:, 1].tolist()):
            while end < len(text) and vanishing[text[end]]:
                end += 1
            offsets[token, 1] = end
        return offsets

    def _strip(self, text: str, encoding: Encoding, offsets: np.ndarray) -> None:
        """Takes the white space off the ends of matched tokens, which other words may begin or end with."""
        for token, index in enumerate(self._ids[encoding.ids].tolist()):
            if index in self._matched_ids:
                first, end = offsets[token].tolist()
                piece = text[first:end]
                if piece.strip():
                    offsets[token] = first + len(piece) - len(piece.lstrip()), first + len(piece.rstrip())


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The tokenizer of a vocabulary, without marks around a text; its ids are those of words, then of the others."""
    words = [token for index, token in enumerate(vocabulary.tokens) if index not in vocabulary.outside]
    numbered = {token: index for index, token in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordPiece(numbered, unk_token=UNKNOWN, max_input_chars_per_word=MAX_WORD))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=vocabulary.lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.encode_special_tokens = splits_special(vocabulary.matched)
    tokenizer.add_tokens(
        [
            as_added_token(token)
            for token in vocabulary.matched
            if not token.is_text or (token.special and tokenizer.encode_special_tokens)
        ]
    )
    return tokenizer


def as_added_token(token: MatchedToken) -> AddedToken:
    """A matched token as the library has it."""
    return AddedToken(
        token.content, single_word=token.single_word, lstrip=token.lstrip, rstrip=token.rstrip,
        normalized=token.normalized, special=token.special,
    )  # fmt: skip


class _Vanishing(dict[str, bool]):
    """Whether nothing is left of a character."""

    def __init__(self, lowercase: bool) -> None:
        super().__init__()
        self._normalizer = normalizers.BertNormalizer(lowercase=lowercase)

    def __missing__(self, char: str) -> bool:
        self[char] = not self._normalizer.normalize_str(char)
        return self[char]


def _join_ids(encodings: list[Encoding]) -> np.ndarray:
    return np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int32)


def _starts(lengths: Iterable[int]) -> np.ndarray:
    return np.cumsum([0, *lengths], dtype=np.int64)
