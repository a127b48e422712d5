"""The token store: a corpus as flat arrays on disk that batches are drawn from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from mbert_cli.corpus.store_format import (
    DOCUMENT_STARTS,
    HELD_OUT,
    SENTENCE_STARTS,
    TOKEN_IDS,
    StoreReport,
    read_store_manifest,
    token_type,
    write_again,
)
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary, load_vocabulary

Split = Literal["train", "validation"]


@dataclass(frozen=True)
class Documents:
    """The documents of one split.

    Args:
        first_sentence: (documents,) int64. Index of each document's first sentence.
        last_sentence: (documents,) int64. Index behind its last sentence.
        first_token: (documents,) int64. Index of its first token.
        token_ends: (documents,) int64. Tokens of this and all earlier documents of the split.
    """

    first_sentence: np.ndarray
    last_sentence: np.ndarray
    first_token: np.ndarray
    token_ends: np.ndarray

    def __len__(self) -> int:
        return len(self.first_sentence)


class TokenStore:
    """An opened store; its arrays stay on disk and are mapped into memory.

    Attributes:
        tokens: (tokens,) uint16 or uint32.
        sentence_starts: (sentences + 1,) int64.
        document_starts: (documents + 1,) int64.
        held_out: (documents,) bool.

    Args:
        directory: A complete store, such as `final/` of a `prepare` run.

    Raises:
        UserError: It is not a store, or a file has another size than the manifest says.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._manifest = read_store_manifest(self.directory)
        report = self._manifest["report"]
        self.tokens = self._map(TOKEN_IDS, token_type(self._manifest["vocabulary_size"]), report["tokens"])
        self.sentence_starts = self._map(SENTENCE_STARTS, np.int64, report["sentences"] + 1)
        self.document_starts = self._map(DOCUMENT_STARTS, np.int64, report["documents"] + 1)
        self.held_out = self._map(HELD_OUT, np.bool_, report["documents"])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary that the ids belong to."""
        return load_vocabulary(self.directory / VOCABULARY_FILE, self._manifest["lowercase"])

    @property
    def report(self) -> StoreReport:
        """What `prepare` reported."""
        return StoreReport(**self._manifest["report"])

    def documents(self, split: Split) -> Documents:
        """The documents of a split, in the order of the store."""
        chosen = np.flatnonzero(self.held_out == (split == "validation"))
        first = self.document_starts[chosen]
        last = self.document_starts[chosen + 1]
        first_token = self.sentence_starts[first]
        return Documents(first, last, first_token, np.cumsum(self.sentence_starts[last] - first_token))

    def _map(self, name: str, dtype: type, length: int) -> np.ndarray:
        path = self.directory / name
        size = path.stat().st_size if path.is_file() else -1
        expected = length * np.dtype(dtype).itemsize
        if size != expected:
            found = "a missing file" if size < 0 else counted(size, "byte")
            raise UserError(
                f"{name} of a token store must have {counted(expected, 'byte')}. Received: {found} in {self.directory}",
                write_again(self.directory),
            )
        return np.asarray(np.memmap(path, dtype, mode="r"))
