"""A corpus cut into pieces that are encoded one by one, each into a part on disk.

What is there is not done again: a `prepare` that was killed goes on, and a file that cannot be read costs no other one.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.cutting import file_ranges
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import Fingerprint
from mbert_cli.corpus.encoding import encode_documents
from mbert_cli.corpus.files import find_files, range_documents, text_bytes_of
from mbert_cli.corpus.options import Corpus, FilesCorpus, StoreOptions
from mbert_cli.corpus.parts import CorpusPart, write_part
from mbert_cli.corpus.store_format import token_type
from mbert_cli.corpus.store_writing import WritingProgress
from mbert_cli.errors import UserError
from mbert_cli.runs.manifest import verify_directory, write_directory
from mbert_cli.text.file_ranges import WHOLE, FileRange
from mbert_cli.text.remote_files import InputFile, RemoteFile
from mbert_cli.text.vocabulary import Vocabulary

PIECE_BYTES = 2**26
"""Files are encoded together until they have about this much text, and cut into ranges that have as much."""


@dataclass(frozen=True)
class Piece:
    """Neighbouring files of a corpus, a range of a large one, or the whole of a corpus that has none.

    Attributes:
        corpus: The corpus.
        files: The files.
        within: What is read of the file; all of it where there are several.
        known: Their documents, where they were encoded before.
    """

    corpus: Corpus
    files: tuple[InputFile, ...] = ()
    within: FileRange = WHOLE
    known: CorpusPart | None = None

    def documents(self) -> Iterator[Document]:
        """Its documents, in order; raises as `mbert_cli.corpus.corpus.documents`."""
        if not isinstance(self.corpus, FilesCorpus):
            return documents(self.corpus)
        corpus, within = self.corpus, self.within
        return chain.from_iterable(range_documents(corpus, file, within) for file in self.files)

    def identity(self, vocabulary: Vocabulary, options: StoreOptions) -> str | None:
        """Names what encoding gives: files as they are now, and all that decides what becomes of them.

        Returns:
            A hash in hexadecimal; None where it is not known whether the documents are the same as before.
        """
        if not isinstance(self.corpus, FilesCorpus):
            return None
        states = list(map(_state, self.files))
        if None in states:
            return None
        reading = self.corpus.model_dump(exclude={"globs"})
        found: list[object] = [states, reading, vocabulary.digest, vocabulary.lowercase, options.language]
        if not self.within.is_whole:
            found.append((self.within.start, self.within.stop))
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:32]


def _state(file: InputFile) -> tuple[str, int, int | str] | None:
    """What changes when a file is written; None where that is not known."""
    if isinstance(file, RemoteFile):
        return (file.url, file.size or 0, file.version) if file.version else None
    state = file.stat()
    return str(file), state.st_size, state.st_mtime_ns


def cut_into_pieces(corpus: Corpus, known: Mapping[str, CorpusPart] | None = None) -> list[Piece]:
    """The pieces of a corpus, in order; raises as `find_files`.

    Args:
        corpus: The corpus.
        known: Documents of files that were encoded before, by their names.
    """
    if not isinstance(corpus, FilesCorpus):
        return [Piece(corpus)]
    pieces: list[Piece] = []
    group: list[InputFile] = []
    size = 0
    for path in find_files(corpus.globs).paths:
        part = known.get(str(path)) if known else None
        own = text_bytes_of(path)
        ranges = _ranges_of(corpus, path) if part is None else [WHOLE]
        is_alone = part is not None or len(ranges) > 1
        if group and (is_alone or size + own > PIECE_BYTES):
            pieces.append(Piece(corpus, tuple(group)))
            group, size = [], 0
        if is_alone:
            pieces += [Piece(corpus, (path,), within, part) for within in ranges]
        else:
            group.append(path)
            size += own
    return [*pieces, Piece(corpus, tuple(group))] if group else pieces


def _ranges_of(corpus: FilesCorpus, path: InputFile) -> list[FileRange]:
    """The ranges of a file; a table that cannot be read is left whole, and costs only itself when its turn comes."""
    try:
        return file_ranges(path, corpus.text, PIECE_BYTES)
    except UserError:
        return [WHOLE]


@dataclass
class EncodedPieces:
    """What became of pieces.

    Attributes:
        parts: Those that were encoded, in order.
        failures: Why others were not.
        found: How many were there already.
        seconds: How long encoding took.
    """

    parts: list[CorpusPart] = field(default_factory=list)
    failures: list[UserError] = field(default_factory=list)
    found: int = 0
    seconds: float = 0.0

    def require_all(self) -> None:
        """Checks that every piece was encoded.

        Raises:
            UserError: The first that was not.
        """
        if not self.failures:
            return
        first, more = self.failures[0], len(self.failures) - 1
        others = f", and {more:,} more" if more else ""
        kept = " What the other files gave is kept: the same command goes on." if self.parts else ""
        raise UserError(f"{first.message}{others}", f"{first.hint.rstrip('.')}.{kept}")


def encode_pieces(
    folder: Path,
    pieces: Sequence[Piece],
    vocabulary: Vocabulary,
    options: StoreOptions,
    progress: WritingProgress,
    fingerprint: Fingerprint | None = None,
) -> EncodedPieces:
    """Encodes pieces into parts under a folder; those that are there already are not encoded again.

    Args:
        folder: Receives the parts; made if it is not there.
        pieces: All of the corpus.
        vocabulary: Cuts sentences into tokens.
        options: Language and workers.
        progress: Told of documents and text bytes so far.
        fingerprint: What duplicates are found by.
    """
    encoder = PieceEncoder(vocabulary, options, fingerprint)
    started, encoded = time.perf_counter(), EncodedPieces()
    counted = text_bytes = 0
    for number, piece in enumerate(pieces):
        try:
            part, was_there = encoder.part(folder, number, piece, _behind(progress, counted, text_bytes))
        except UserError as error:
            encoded.failures.append(error)
            continue
        encoded.found += was_there
        encoded.parts.append(part)
        counted += len(part.fractions)
        text_bytes += sum(source.text_bytes for source in part.sources)
        progress(counted, text_bytes)
    encoded.seconds = time.perf_counter() - started
    return encoded


class PieceEncoder:
    """Encodes pieces into parts.

    Args:
        vocabulary: Cuts sentences into tokens.
        options: Language and workers.
        fingerprint: What duplicates are found by; None where they are not looked for.
    """

    def __init__(
        self, vocabulary: Vocabulary, options: StoreOptions, fingerprint: Fingerprint | None = None
    ) -> None:
        from mbert_cli.text.wordpiece import Tokenizer  # imports TensorFlow

        self._vocabulary, self._tokenizer = vocabulary, Tokenizer(vocabulary)
        self._options, self._fingerprint = options, fingerprint

    def part(
        self, folder: Path, number: int, piece: Piece, progress: WritingProgress
    ) -> tuple[CorpusPart, bool]:
        """The part of a piece, and whether it was there; else it is written under a folder.

        Raises:
            UserError: The piece cannot be read.
        """
        if piece.known is not None:
            return piece.known, True
        identity = piece.identity(self._vocabulary, self._options)
        target = folder / (identity or f"unnamed-{number}")
        is_there = identity is not None and _is_whole(target)
        if not is_there:
            self.write(target, piece, progress)
        return CorpusPart.open(target, token_type(self._vocabulary.size)), is_there

    def write(self, target: Path, piece: Piece, progress: WritingProgress) -> None:
        """Writes the part of a piece, whole or not at all.

        Raises:
            UserError: The piece cannot be read.
        """

        def write(directory: Path) -> None:
            chunks = encode_documents(piece.documents(), self._tokenizer, self._options, self._fingerprint)
            for writer in write_part(directory, chunks, has_fingerprints=self._fingerprint is not None):
                progress(writer.documents, writer.text_bytes)

        write_directory(target, write, replace=True)


def _behind(progress: WritingProgress, documents: int, text_bytes: int) -> WritingProgress:
    """Progress of what comes after so many documents and bytes."""
    return lambda more, more_bytes: progress(documents + more, text_bytes + more_bytes)


def _is_whole(part: Path) -> bool:
    if not part.is_dir():
        return False
    try:
        verify_directory(part)
    except UserError:
        return False
    return True
