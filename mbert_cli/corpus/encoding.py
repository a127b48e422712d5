"""Documents -> token ids: splits sentences and encodes them over the cores, in bounded memory."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import sentencex

from mbert_cli.backend import count_cores
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import Fingerprint
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store_format import token_type

if TYPE_CHECKING:
    from mbert_cli.text.wordpiece import Tokenizer

CHUNK_CHARACTERS = 2**20
"""Documents are encoded together until they have this many characters."""

EMPTY = "documents without text"
WORDLESS = "documents without a sentence"


@dataclass(frozen=True)
class SourceCount:
    """What a file gave, or another source of documents.

    Args:
        name: The file.
        documents: Documents with a sentence.
        sentences: Their sentences.
        tokens: Their tokens.
        text_bytes: UTF-8 bytes of all text that was read.
        dropped: Reason -> how many documents, paragraphs or rows were left out.
        part: Which part of a mix it belongs to, counted from 0; None where the corpus is no mix.
    """

    name: str
    documents: int
    sentences: int
    tokens: int
    text_bytes: int
    dropped: dict[str, int] = field(default_factory=dict)
    part: int | None = None

    def and_then(self, other: "SourceCount") -> "SourceCount":
        """This and what the same source gave next."""
        return SourceCount(
            self.name,
            self.documents + other.documents,
            self.sentences + other.sentences,
            self.tokens + other.tokens,
            self.text_bytes + other.text_bytes,
            dict(Counter(self.dropped) + Counter(other.dropped)),
            self.part,
        )


@dataclass(frozen=True)
class EncodedChunk:
    """Some encoded documents.

    Args:
        tokens: (tokens,) uint16 or uint32.
        sentence_lengths: (sentences,) int64, all above 0.
        document_lengths: (documents,) int64. Sentences of each document, all above 0.
        fractions: (documents,) float64. The hash that decides what is held out.
        fingerprints: (documents, values) uint64. What duplicates are found by; None where they are not looked for.
        sources: Whose documents they are, in their order.
    """

    tokens: np.ndarray
    sentence_lengths: np.ndarray
    document_lengths: np.ndarray
    fractions: np.ndarray
    fingerprints: np.ndarray | None
    sources: list[SourceCount]


def split_sentences(paragraphs: list[str], language: str) -> list[str]:
    """The sentences of paragraphs, with the white space around them; one ends with its paragraph."""
    sentences = sentencex.segment(language, "\n\n".join(paragraphs))
    return [sentence for sentence in sentences if not sentence.isspace()]


def encode_documents(
    documents: Iterable[Document],
    tokenizer: "Tokenizer",
    options: StoreOptions,
    fingerprint: Fingerprint | None = None,
) -> Iterator[EncodedChunk]:
    """Chunks in the order of the documents; at most two per worker are read ahead.

    Args:
        documents: Read once.
        tokenizer: Cuts sentences into tokens.
        options: Language and workers.
        fingerprint: What duplicates are found by.
    """
    workers = options.workers or count_cores()
    pending: deque[Future[EncodedChunk]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for chunk in _chunks(documents):
                pending.append(pool.submit(_encode, chunk, tokenizer, options.language, fingerprint))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    characters = 0
    for document in documents:
        chunk.append(document)
        characters += 100 + sum(map(len, document.paragraphs))
        if characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _encode(
    documents: list[Document], tokenizer: "Tokenizer", language: str, fingerprint: Fingerprint | None
) -> EncodedChunk:
    sentences: list[str] = []
    ends = [0]
    for document in documents:
        sentences += split_sentences(document.paragraphs, language)
        ends.append(len(sentences))
    ids, starts = _encode_sentences(sentences, tokenizer)
    lengths = np.diff(starts)
    # A sentence of control characters only has no token; it leaves no gap in the ids.
    real_before = np.concatenate([[0], np.cumsum(lengths > 0)])
    document_lengths = np.diff(real_before[ends])
    kept = [document for document, length in zip(documents, document_lengths, strict=True) if length]
    return EncodedChunk(
        tokens=ids.astype(token_type(tokenizer.vocabulary.size)),
        sentence_lengths=lengths[lengths > 0],
        document_lengths=document_lengths[document_lengths > 0],
        fractions=np.array([document.hash_fraction for document in kept], np.float64),
        fingerprints=None if fingerprint is None else fingerprint.of(kept),
        sources=_count(documents, document_lengths, np.diff(np.asarray(starts)[ends])),
    )


def _encode_sentences(sentences: list[str], tokenizer: "Tokenizer") -> tuple[np.ndarray, np.ndarray]:
    """As `Tokenizer.encode`, some sentences at a time: of what it works with, a long document would need gigabytes."""
    ids: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    ends = np.cumsum([0, *map(len, sentences)])
    start = 0
    while start < len(sentences) or not ids:
        stop = max(start + 1, int(np.searchsorted(ends, ends[start] + CHUNK_CHARACTERS, side="right")) - 1)
        some, starts = tokenizer.encode(sentences[start:stop])
        ids.append(some)
        lengths.append(np.diff(starts))
        start = stop
    return np.concatenate(ids), np.cumsum(np.concatenate([[0], *lengths]))


def _count(
    documents: list[Document], document_lengths: np.ndarray, token_counts: np.ndarray
) -> list[SourceCount]:
    """What each source gave, from the sentences and tokens of each document."""
    counts: list[SourceCount] = []
    start = 0
    for name, group in groupby(documents, key=lambda document: document.source):
        some = list(group)
        own = slice(start, start + len(some))
        lengths, start = document_lengths[own], own.stop
        counts.append(
            SourceCount(
                name,
                int(np.count_nonzero(lengths)),
                int(lengths.sum()),
                int(token_counts[own].sum()),
                sum(_count_bytes(paragraph) for document in some for paragraph in document.paragraphs),
                _count_dropped(some, lengths),
            )
        )
    return counts


def _count_dropped(documents: list[Document], document_lengths: np.ndarray) -> dict[str, int]:
    """What was left out of documents, and those that have no sentence."""
    dropped = Counter[str]()
    for document, length in zip(documents, document_lengths.tolist(), strict=True):
        if document.dropped:
            dropped.update(document.dropped)
        if document.is_text and not length:
            dropped[WORDLESS if document.paragraphs else EMPTY] += 1
    return dict(dropped)


def _count_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def merge_counts(counts: Iterable[SourceCount]) -> list[SourceCount]:
    """The same counts with neighbours of one source added up."""
    merged = []
    for _, group in groupby(counts, key=lambda count: (count.part, count.name)):
        total, *others = group
        for other in others:
            total = total.and_then(other)
        merged.append(total)
    return merged
