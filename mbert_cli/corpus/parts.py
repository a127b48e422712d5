"""A part of a corpus as token ids on disk, from which a token store is put together.

A part has the arrays of a store but for what is held out, which only the whole corpus decides:
    tokens.bin sentence_starts.bin document_starts.bin fractions.bin fingerprints.bin   as in a store
    part.json           what each file gave
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from mbert_cli.corpus.encoding import EncodedChunk, SourceCount, merge_counts
from mbert_cli.corpus.mixing import copies_of
from mbert_cli.corpus.store_format import DOCUMENT_STARTS, FINGERPRINTS, FRACTIONS, SENTENCE_STARTS, TOKEN_IDS
from mbert_cli.json_text import read_json

PART_FILE = "part.json"

WritingProgress = Callable[[int, int], None]
"""Called with the documents and the text bytes written so far."""

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

    def repeated(self, times: np.ndarray) -> Iterator["DocumentBlock"]:
        """Its documents so often as numbers (documents,) say, each behind itself; so many at a time as in a block."""
        if times.max(initial=0) <= 1:
            yield self._take(times > 0)
            return
        order = np.repeat(np.arange(len(times)), times)
        sentence_ends = np.cumsum(self.document_lengths)
        token_ends = np.concatenate([[0], np.cumsum(self.sentence_lengths)])[sentence_ends]
        sizes = np.diff(token_ends, prepend=0)[order]
        group = np.cumsum(sizes) // BLOCK_TOKENS
        for number in np.unique(group):
            yield self._in_order(order[group == number])

    def _take(self, kept: np.ndarray) -> "DocumentBlock":
        """Those of its documents that a mask (documents,) keeps."""
        if kept.all():
            return self
        sentences = np.repeat(kept, self.document_lengths)
        tokens = np.repeat(sentences, self.sentence_lengths)
        return DocumentBlock(
            self.tokens[tokens], self.sentence_lengths[sentences], self.document_lengths[kept]
        )

    def _in_order(self, order: np.ndarray) -> "DocumentBlock":
        """Its documents by their numbers, each of which may come more than once."""
        lengths = self.document_lengths[order]
        sentences = _stretches((np.cumsum(self.document_lengths) - self.document_lengths)[order], lengths)
        sizes = self.sentence_lengths[sentences]
        tokens = _stretches((np.cumsum(self.sentence_lengths) - self.sentence_lengths)[sentences], sizes)
        return DocumentBlock(self.tokens[tokens], sizes, lengths)


def _stretches(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The places of stretches one after the other, (sum of lengths,) int64."""
    ends = np.cumsum(lengths)
    places: np.ndarray = np.arange(int(lengths.sum())) + np.repeat(starts - ends + lengths, lengths)
    return places


@dataclass(frozen=True)
class CorpusPart:
    """Encoded documents on disk: a part, or the documents of a store; the arrays are mapped into memory.

    Attributes:
        sources: What each file gave, in order.
        tokens: (tokens,) uint16 or uint32.
        sentence_starts: (sentences + 1,) int64. Where each sentence begins among the tokens.
        document_starts: (documents + 1,) int64. Where each document begins among the sentences.
        fractions: (documents,) float64.
        fingerprints: (documents, values) uint64. What duplicates are found by; None where they are not looked for.
        times: (documents,) int64. How often each counts; None where that is once.
    """

    sources: Sequence[SourceCount]
    tokens: np.ndarray
    sentence_starts: np.ndarray
    document_starts: np.ndarray
    fractions: np.ndarray
    fingerprints: np.ndarray | None
    times: np.ndarray | None = None

    @classmethod
    def open(cls, directory: Path, dtype: type) -> "CorpusPart":
        """Opens a directory that `write_part` filled."""
        found = read_json(directory / PART_FILE)
        return cls.of_arrays(directory, dtype, [SourceCount(**source) for source in found["sources"]])

    @classmethod
    def of_arrays(cls, directory: Path, dtype: type, sources: Sequence[SourceCount]) -> "CorpusPart":
        """Opens the arrays in a directory, whose documents come from these files."""
        fractions = _map(directory / FRACTIONS, np.float64)
        has_fingerprints = (directory / FINGERPRINTS).is_file() and len(fractions)
        return cls(
            sources,
            _map(directory / TOKEN_IDS, dtype),
            _map(directory / SENTENCE_STARTS, np.int64),
            _map(directory / DOCUMENT_STARTS, np.int64),
            fractions,
            _map(directory / FINGERPRINTS, np.uint64).reshape(len(fractions), -1)
            if has_fingerprints
            else None,
        )

    def of_source(self, index: int, name: str) -> "CorpusPart":
        """The documents of one of its files, which is called by this name now."""
        counts = [source.documents for source in self.sources]
        start = sum(counts[:index])
        stop = start + counts[index]
        return replace(
            self,
            sources=[replace(self.sources[index], name=name)],
            document_starts=self.document_starts[start : stop + 1],
            fractions=self.fractions[start:stop],
            fingerprints=None if self.fingerprints is None else self.fingerprints[start:stop],
        )

    def in_mix(self, part: int | None, weight: float) -> "CorpusPart":
        """The same documents as a part of a mix, in which each counts by the weight of the part."""
        if part is None:
            return self
        sources = [replace(source, part=part) for source in self.sources]
        times = copies_of(self.fractions, weight) if self.times is None else self.times
        return replace(self, sources=sources, times=times)

    def counts(self) -> np.ndarray:
        """How often each document counts, (documents,) int64."""
        return np.ones(len(self.fractions), np.int64) if self.times is None else self.times

    def lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """Sentences and tokens of each document, (documents,) int64."""
        return np.diff(self.document_starts), np.diff(self.sentence_starts[self.document_starts])

    def blocks(self) -> Iterator[tuple[slice, DocumentBlock]]:
        """All documents in order, so many at a time that memory stays bounded, with their numbers."""
        ends = self.sentence_starts[self.document_starts[1:]]
        start = 0
        while start < len(ends):
            first_token = self.sentence_starts[self.document_starts[start]]
            stop = max(start + 1, int(np.searchsorted(ends, first_token + BLOCK_TOKENS, side="right")))
            yield slice(start, stop), self._block(start, stop)
            start = stop

    def _block(self, start: int, stop: int) -> DocumentBlock:
        documents = self.document_starts[start : stop + 1]
        sentences = self.sentence_starts[documents[0] : documents[-1] + 1]
        return DocumentBlock(
            self.tokens[sentences[0] : sentences[-1]], np.diff(sentences), np.diff(documents)
        )


class TokenFiles:
    """Appends encoded documents to the three arrays that parts and stores have in common.

    Args:
        directory: Receives the files.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, BinaryIO] = {}
        self._sentences = self._tokens = 0

    def __enter__(self) -> Self:
        names = (TOKEN_IDS, SENTENCE_STARTS, DOCUMENT_STARTS)
        self._files = {name: (self._directory / name).open("wb") for name in names}
        write_array(self._files[SENTENCE_STARTS], np.zeros(1, np.int64))
        write_array(self._files[DOCUMENT_STARTS], np.zeros(1, np.int64))
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def append(self, block: DocumentBlock) -> None:
        """Writes documents behind the ones before."""
        write_array(self._files[TOKEN_IDS], block.tokens)
        write_array(self._files[SENTENCE_STARTS], self._tokens + np.cumsum(block.sentence_lengths))
        write_array(self._files[DOCUMENT_STARTS], self._sentences + np.cumsum(block.document_lengths))
        self._sentences += len(block.sentence_lengths)
        self._tokens += len(block.tokens)


class PartWriter:
    """Appends chunks to the files of a part.

    Attributes:
        documents: Documents that were written.
        text_bytes: UTF-8 bytes of the text that was read.
    """

    def __init__(self, directory: Path, *, has_fingerprints: bool = False) -> None:
        self._directory = directory
        self._names = [FRACTIONS, FINGERPRINTS] if has_fingerprints else [FRACTIONS]
        self._tokens = TokenFiles(directory)
        self._files: dict[str, BinaryIO] = {}
        self._sources: list[SourceCount] = []
        self.documents = self.text_bytes = 0

    def __enter__(self) -> Self:
        self._tokens.__enter__()
        self._files = {name: (self._directory / name).open("wb") for name in self._names}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tokens.__exit__(kind, error, trace)
        for file in self._files.values():
            file.close()
        if error is None:
            found = {"sources": [asdict(source) for source in self._sources]}
            (self._directory / PART_FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def append(self, chunk: EncodedChunk) -> None:
        """Writes a chunk behind the ones before."""
        self._sources = [*self._sources[:-1], *merge_counts([*self._sources[-1:], *chunk.sources])]
        self.text_bytes += sum(source.text_bytes for source in chunk.sources)
        self._tokens.append(DocumentBlock(chunk.tokens, chunk.sentence_lengths, chunk.document_lengths))
        write_array(self._files[FRACTIONS], chunk.fractions)
        if chunk.fingerprints is not None:
            write_array(self._files[FINGERPRINTS], chunk.fingerprints)
        self.documents += len(chunk.document_lengths)


def write_array(file: BinaryIO, array: np.ndarray) -> None:
    """Appends an array to a flat file."""
    file.write(np.ascontiguousarray(array).data)


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
