"""BERT's own tokenizer: right for every text, and several times slower than that of tensorflow-text."""

from collections.abc import Iterable
from functools import cached_property
from itertools import chain

import numpy as np
from tokenizers import Encoding, Tokenizer, models, normalizers, pre_tokenizers

from mbert_cli.data.tokenizer_differences import MAX_WORD
from mbert_cli.data.vocabulary import UNKNOWN, Vocabulary

BATCH = 10_000
"""Texts that are encoded together; what the library makes of a text takes far more memory than its ids."""


class BertWordPiece:
    """The `tokenizers` package with the settings of BERT.

    Args:
        vocabulary: Tokens and lower-casing.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._vanishing = _Vanishing(vocabulary.lowercase)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        model = models.WordPiece(self._vocabulary.ids, unk_token=UNKNOWN, max_input_chars_per_word=MAX_WORD)
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=self._vocabulary.lowercase)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return tokenizer

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """What `mbert_cli.data.wordpiece.Tokenizer.encode` gives."""
        ids, lengths = [], []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            ids.append(_ids(encodings))
            lengths += map(len, encodings)
        return np.concatenate([np.zeros(0, np.int32), *ids]), _starts(lengths)

    def encode_with_offsets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `mbert_cli.data.wordpiece.Tokenizer.encode_with_offsets` gives."""
        ids, offsets, lengths = [], [np.zeros((0, 2), np.int32)], []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            encodings = self._tokenizer.encode_batch(batch, add_special_tokens=False)
            ids.append(_ids(encodings))
            lengths += map(len, encodings)
            for text, encoding in zip(batch, encodings, strict=True):
                offsets.append(self._offsets(text, encoding))
        firsts, ends = np.concatenate(offsets).T
        return np.concatenate([np.zeros(0, np.int32), *ids]), _starts(lengths), firsts, ends

    def _offsets(self, text: str, encoding: Encoding) -> np.ndarray:
        """The characters of each token and those after it of which nothing is left. (tokens, 2) int32."""
        offsets = np.array(encoding.offsets, np.int32).reshape(-1, 2)
        vanishing = self._vanishing
        for token, end in enumerate(offsets[:, 1].tolist()):
            while end < len(text) and vanishing[text[end]]:
                end += 1
            offsets[token, 1] = end
        return offsets


class _Vanishing(dict[str, bool]):
    """Whether nothing is left of a character."""

    def __init__(self, lowercase: bool) -> None:
        super().__init__()
        self._normalizer = normalizers.BertNormalizer(lowercase=lowercase)

    def __missing__(self, char: str) -> bool:
        self[char] = not self._normalizer.normalize_str(char)
        return self[char]


def _ids(encodings: list[Encoding]) -> np.ndarray:
    return np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int32)


def _starts(lengths: Iterable[int]) -> np.ndarray:
    return np.cumsum([0, *lengths], dtype=np.int64)
