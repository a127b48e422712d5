"""A part of a corpus as token ids on disk, from which a token store is put together.

A part has the arrays of a store but for what is held out, which only the whole corpus decides:
    tokens.bin sentence_starts.bin document_starts.bin   as in a store, from 0 on
    fractions.bin       (documents,) float64, the hash that decides what is held out
    fingerprints.bin    (documents, values) uint64, what duplicates are found by, where they are looked for
    part.json           what each file gave, and the longest sentence
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from mbert_cli.corpus.encoding import EncodedChunk, SourceCount, merge_counts
from mbert_cli.corpus.store_format import DOCUMENT_STARTS, SENTENCE_STARTS, TOKEN_IDS
from mbert_cli.json_text import read_json

FRACTIONS = "fractions.bin"
FINGERPRINTS = "fingerprints.bin"
PART_FILE = "part.json"

BLOCK_TOKENS = 2**24
"""Tokens that are in memory at once, or those of one document."""


@dataclass(frozen=True)
class DocumentBlock:
    """Some neighbouring documents of a part.

    Args:
        tokens: (tokens,) uint16 or uint32.
        sentence_lengths: (sentences,) int64. Tokens of each sentence.
        document_lengths: (documents,) int64. Sentences of each document.
    """

    tokens: np.ndarray
    sentence_lengths: np.ndarray
    document_lengths: np.ndarray

    def take(self, kept: np.ndarray) -> "DocumentBlock":
        """Those of its documents that a mask (documents,) keeps."""
        if kept.all():
            return self
        sentences = np.repeat(kept, self.document_lengths)
        tokens = np.repeat(sentences, self.sentence_lengths)
        return DocumentBlock(
            self.tokens[tokens], self.sentence_lengths[sentences], self.document_lengths[kept]
        )


class CorpusPart:
    """An opened part; its arrays stay on disk and are mapped into memory.

    Args:
        directory: One that `PartWriter` wrote.
        dtype: Type of its token ids.

    Attributes:
        sources: What each file gave, in order.
        longest_sentence: Its tokens.
        fractions: (documents,) float64.
    """

    def __init__(self, directory: Path, dtype: type) -> None:
        self.directory = directory
        found = read_json(directory / PART_FILE)
        self.longest_sentence: int = found["longest_sentence"]
        self.sources = [SourceCount(**source) for source in found["sources"]]
        self._tokens = _map(directory / TOKEN_IDS, dtype)
        self._sentence_starts = _map(directory / SENTENCE_STARTS, np.int64)
        self._document_starts = _map(directory / DOCUMENT_STARTS, np.int64)
        self.fractions = _map(directory / FRACTIONS, np.float64)

    def fingerprints(self, width: int) -> np.ndarray:
        """What duplicates are found by, (documents, width) uint64."""
        return _map(self.directory / FINGERPRINTS, np.uint64).reshape(-1, width)

    def lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """Sentences and tokens of each document, (documents,) int64."""
        return np.diff(self._document_starts), np.diff(self._sentence_starts[self._document_starts])

    def blocks(self) -> Iterator[tuple[slice, DocumentBlock]]:
        """All documents in order, so many at a time that memory stays bounded, with their numbers."""
        ends = self._sentence_starts[self._document_starts[1:]]
        start = 0
        while start < len(ends):
            first_token = self._sentence_starts[self._document_starts[start]]
            stop = max(start + 1, int(np.searchsorted(ends, first_token + BLOCK_TOKENS, side="right")))
            yield slice(start, stop), self._block(start, stop)
            start = stop

    def _block(self, start: int, stop: int) -> DocumentBlock:
        documents = self._document_starts[start : stop + 1]
        sentences = self._sentence_starts[documents[0] : documents[-1] + 1]
        return DocumentBlock(
            self._tokens[sentences[0] : sentences[-1]], np.diff(sentences), np.diff(documents)
        )


class PartWriter:
    """Appends chunks to the files of a part.

    Attributes:
        documents: Documents that were written.
        text_bytes: UTF-8 bytes of the text that was read.
    """

    def __init__(self, directory: Path, *, has_fingerprints: bool = False) -> None:
        self._directory = directory
        names = [TOKEN_IDS, SENTENCE_STARTS, DOCUMENT_STARTS, FRACTIONS]
        self._names = [*names, FINGERPRINTS] if has_fingerprints else names
        self._files: dict[str, BinaryIO] = {}
        self._sources: list[SourceCount] = []
        self._sentences = self._tokens = self._longest_sentence = 0
        self.documents = self.text_bytes = 0

    def __enter__(self) -> Self:
        self._files = {name: (self._directory / name).open("wb") for name in self._names}
        self._write(SENTENCE_STARTS, np.zeros(1, np.int64))
        self._write(DOCUMENT_STARTS, np.zeros(1, np.int64))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        if error is None:
            found = {
                "longest_sentence": self._longest_sentence,
                "sources": [asdict(source) for source in self._sources],
            }
            (self._directory / PART_FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def append(self, chunk: EncodedChunk) -> None:
        """Writes a chunk behind the ones before."""
        self._sources = [*self._sources[:-1], *merge_counts([*self._sources[-1:], *chunk.sources])]
        self.text_bytes += sum(source.text_bytes for source in chunk.sources)
        if not len(chunk.sentence_lengths):
            return
        self._write(TOKEN_IDS, chunk.tokens)
        self._write(SENTENCE_STARTS, self._tokens + np.cumsum(chunk.sentence_lengths))
        self._write(DOCUMENT_STARTS, self._sentences + np.cumsum(chunk.document_lengths))
        self._write(FRACTIONS, chunk.fractions)
        if chunk.fingerprints is not None:
            self._write(FINGERPRINTS, chunk.fingerprints)
        self.documents += len(chunk.document_lengths)
        self._sentences += len(chunk.sentence_lengths)
        self._tokens += len(chunk.tokens)
        self._longest_sentence = max(self._longest_sentence, int(chunk.sentence_lengths.max()))

    def _write(self, name: str, array: np.ndarray) -> None:
        self._files[name].write(np.ascontiguousarray(array).data)


def write_part(
    directory: Path, chunks: Iterable[EncodedChunk], *, has_fingerprints: bool = False
) -> Iterator[PartWriter]:
    """Writes a part into an existing, empty directory.

    Yields:
        What knows how far it is, after each chunk; the part is complete when there are no more.
    """
    with PartWriter(directory, has_fingerprints=has_fingerprints) as writer:
        for chunk in chunks:
            writer.append(chunk)
            yield writer


def _map(path: Path, dtype: type) -> np.ndarray:
    if not path.stat().st_size:  # which cannot be mapped
        return np.zeros(0, dtype)
    return np.asarray(np.memmap(path, dtype, mode="r"))
