"""Writes a token store: splits sentences and encodes them over the cores, in bounded memory."""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import numpy as np
import sentencex

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store_format import (
    DOCUMENT_STARTS,
    HELD_OUT,
    SENTENCE_STARTS,
    TOKEN_IDS,
    StoreReport,
    token_type,
    write_manifest,
)
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary

if TYPE_CHECKING:
    from mbert_cli.text.wordpiece import Tokenizer

CHUNK_CHARACTERS = 2**20
"""Documents are encoded together until they have this many characters."""

EMPTY = "documents without text"
WORDLESS = "documents without a sentence"

WritingProgress = Callable[[int, int], None]
"""Called with the documents and the text bytes written so far."""


@dataclass(frozen=True)
class _Chunk:
    """Some encoded documents.

    Args:
        tokens: (tokens,) uint16 or uint32.
        sentence_lengths: (sentences,) int64, all above 0.
        document_lengths: (documents,) int64. Sentences of each document, all above 0.
        fractions: (documents,) float64. The hash that decides what is held out.
        unknown: Tokens that are `[UNK]`.
        text_bytes: UTF-8 bytes of the text.
        dropped: Reason -> count.
    """

    tokens: np.ndarray
    sentence_lengths: np.ndarray
    document_lengths: np.ndarray
    fractions: np.ndarray
    unknown: int
    text_bytes: int
    dropped: Counter[str]


def write_store(
    directory: Path,
    documents: Iterable[Document],
    vocabulary: Vocabulary,
    options: StoreOptions,
    progress: WritingProgress | None = None,
) -> StoreReport:
    """Writes the files of a store into an existing, empty directory.

    The result depends on the documents and their order alone, never on the number of workers. Where the hash
    holds out no document though a share is wanted, the one with the smallest hash is held out; a corpus of a
    single document is cut in two at a sentence, and its end is held out.

    Args:
        directory: Receives the files; atomic naming is the caller's part.
        documents: Read once, a bounded number of them ahead of what is written.
        vocabulary: Cuts sentences into tokens, and is saved beside them.
        options: Share, language and workers.
        progress: Told after every chunk.

    Raises:
        UserError: No document has a sentence.
    """
    from mbert_cli.text.wordpiece import Tokenizer  # imports TensorFlow

    tokenizer = Tokenizer(vocabulary)
    started = time.perf_counter()
    with _Writer(directory, options.validation_share) as writer:
        for chunk in _encoded(documents, tokenizer, options):
            writer.append(chunk)
            if progress:
                progress(writer.documents, writer.text_bytes)
    if not writer.sentences:
        seen = ", ".join(f"{count} {reason}" for reason, count in writer.dropped.items()) or "no document"
        raise UserError(f"A corpus must have a sentence. Received: {seen}", "check the recipe key corpus")
    vocabulary.save(directory / VOCABULARY_FILE)
    validation_documents = writer.hold_out()
    report = StoreReport(
        documents=writer.documents,
        validation_documents=validation_documents,
        sentences=writer.sentences,
        tokens=writer.tokens,
        unknown_rate=writer.unknown / writer.tokens,
        longest_sentence=writer.longest_sentence,
        text_bytes=writer.text_bytes,
        size_bytes=sum(path.stat().st_size for path in directory.iterdir()),
        seconds=time.perf_counter() - started,
        dropped=dict(sorted(writer.dropped.items())),
    )
    write_manifest(directory, vocabulary, report)
    return report


def split_sentences(paragraphs: list[str], language: str) -> list[str]:
    """The sentences of paragraphs, with the white space around them; one ends with its paragraph."""
    sentences = sentencex.segment(language, "\n\n".join(paragraphs))
    return [sentence for sentence in sentences if not sentence.isspace()]


def _encoded(
    documents: Iterable[Document], tokenizer: "Tokenizer", options: StoreOptions
) -> Iterator[_Chunk]:
    """Chunks in the order of the documents; at most two per worker are read ahead."""
    workers = options.workers or os.cpu_count() or 1
    pending: deque[Future[_Chunk]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for chunk in _chunks(documents):
                pending.append(pool.submit(_encode, chunk, tokenizer, options.language))
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


def _encode(documents: list[Document], tokenizer: "Tokenizer", language: str) -> _Chunk:
    sentences: list[str] = []
    ends = []
    for document in documents:
        sentences += split_sentences(document.paragraphs, language)
        ends.append(len(sentences))
    ids, starts = tokenizer.encode(sentences)
    lengths = np.diff(starts)
    # A sentence of control characters only has no token; it leaves no gap in the ids.
    real_before = np.concatenate([[0], np.cumsum(lengths > 0)])
    document_lengths = np.diff(real_before[[0, *ends]])
    kept = document_lengths > 0
    dropped = Counter(
        WORDLESS if d.paragraphs else EMPTY
        for d, k in zip(documents, kept, strict=True)
        if d.is_text and not k
    )
    for document in documents:
        dropped.update(document.dropped)
    vocabulary = tokenizer.vocabulary
    return _Chunk(
        tokens=ids.astype(token_type(vocabulary.size)),
        sentence_lengths=lengths[lengths > 0],
        document_lengths=document_lengths[kept],
        fractions=np.array([d.hash_fraction for d, k in zip(documents, kept, strict=True) if k], np.float64),
        unknown=int(np.count_nonzero(ids == vocabulary.unknown_id)),
        text_bytes=sum(len(paragraph.encode()) for d in documents for paragraph in d.paragraphs),
        dropped=dropped,
    )


class _Writer:
    """Appends chunks to the flat files and counts."""

    def __init__(self, directory: Path, share: float) -> None:
        self._directory = directory
        self._share = share
        self._files: dict[str, BinaryIO] = {}
        self.documents = self.sentences = self.tokens = 0
        self.unknown = self.text_bytes = self.longest_sentence = 0
        self.dropped: Counter[str] = Counter()
        self._held_out = 0
        self._smallest = (1.0, 0)

    def __enter__(self) -> Self:
        for name in (TOKEN_IDS, SENTENCE_STARTS, DOCUMENT_STARTS, HELD_OUT):
            self._files[name] = (self._directory / name).open("wb")
        self._write(SENTENCE_STARTS, np.zeros(1, np.int64))
        self._write(DOCUMENT_STARTS, np.zeros(1, np.int64))
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def append(self, chunk: _Chunk) -> None:
        self.dropped += chunk.dropped
        self.text_bytes += chunk.text_bytes
        if not len(chunk.sentence_lengths):
            return
        held_out = chunk.fractions < self._share
        self._write(TOKEN_IDS, chunk.tokens)
        self._write(SENTENCE_STARTS, self.tokens + np.cumsum(chunk.sentence_lengths))
        self._write(DOCUMENT_STARTS, self.sentences + np.cumsum(chunk.document_lengths))
        self._write(HELD_OUT, held_out)
        smallest = int(chunk.fractions.argmin())
        self._smallest = min(self._smallest, (float(chunk.fractions[smallest]), self.documents + smallest))
        self._held_out += int(held_out.sum())
        self.documents += len(chunk.document_lengths)
        self.sentences += len(chunk.sentence_lengths)
        self.tokens += len(chunk.tokens)
        self.unknown += chunk.unknown
        self.longest_sentence = max(self.longest_sentence, int(chunk.sentence_lengths.max()))

    def hold_out(self) -> int:
        """Settles what is held out once all documents are known; returns how many documents are."""
        if self._share and self.documents == 1:
            return self._cut_in_two()
        if self._share and self._held_out in (0, self.documents):
            flags = np.zeros(self.documents, np.bool_)
            flags[self._smallest[1]] = True
            return self._rewrite_held_out(flags)
        return self._held_out

    def _cut_in_two(self) -> int:
        if self.sentences < 2:
            return self._rewrite_held_out([False])
        cut = min(self.sentences - 1, max(1, round(self.sentences * (1 - self._share))))
        self.documents = 2
        np.array([0, cut, self.sentences], np.int64).tofile(self._directory / DOCUMENT_STARTS)
        return self._rewrite_held_out([False, True])

    def _rewrite_held_out(self, flags: list[bool] | np.ndarray) -> int:
        flags = np.asarray(flags, np.bool_)
        flags.tofile(self._directory / HELD_OUT)
        return int(flags.sum())

    def _write(self, name: str, array: np.ndarray) -> None:
        self._files[name].write(np.ascontiguousarray(array).data)
