"""A corpus cut into pieces that are encoded one by one, each into a part on disk.

What is there is not done again: a `prepare` that was killed goes on, and a file that cannot be read does not stop the
others.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from mbert_cli.cluster.options import HERE, ClusterOptions
from mbert_cli.cluster.sharing import is_shared, share_among
from mbert_cli.corpus.contents import written_state
from mbert_cli.corpus.corpus import duplicates_of, source_documents
from mbert_cli.corpus.cutting import file_ranges
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import Fingerprint
from mbert_cli.corpus.encoding import encode_documents
from mbert_cli.corpus.files import find_files, range_documents, text_bytes_of
from mbert_cli.corpus.mixing import MixPart, chosen_documents, portions_of
from mbert_cli.corpus.options import Corpus, Deduplicate, FilesSource, StoreOptions
from mbert_cli.corpus.parts import CorpusPart, WritingProgress, write_part
from mbert_cli.corpus.store_format import token_type
from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output
from mbert_cli.runs.manifest import verify_directory, write_directory
from mbert_cli.text.file_ranges import WHOLE, FileRange
from mbert_cli.text.remote_files import InputFile
from mbert_cli.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from mbert_cli.text.wordpiece import Tokenizer

KnownFiles = Mapping[tuple[int | None, str], CorpusPart]
"""Documents that were encoded before, by the part of a mix and the name of a file."""

PIECE_BYTES = 2**26
"""Files are encoded together until they have about this much text, and cut into ranges that have as much."""


@dataclass(frozen=True)
class Piece:
    """Neighbouring files of a corpus, a range of a large one, or the whole of a corpus that has none.

    Attributes:
        portion: The corpus, or the part of a mix that it belongs to.
        files: The files.
        within: What is read of the file; all of it where there are several.
        known: Their documents, where they were encoded before.
        deduplicate: Which duplicates are looked for.
    """

    portion: MixPart
    files: tuple[InputFile, ...] = ()
    within: FileRange = WHOLE
    known: CorpusPart | None = None
    deduplicate: Deduplicate | None = None

    def documents(self) -> Iterator[Document]:
        """Its documents that count, in order and each once; raises as `mbert_cli.corpus.corpus.documents`."""
        corpus, within = self.portion.corpus, self.within
        found: Iterator[Document]
        if isinstance(corpus, FilesSource):
            found = chain.from_iterable(range_documents(corpus, file, within) for file in self.files)
        else:
            found = source_documents(corpus)
        return chosen_documents(found, self.portion.weight)

    def identity(self, vocabulary: Vocabulary, options: StoreOptions) -> str | None:
        """Names what encoding gives: files as they are now, and all that decides what becomes of them.

        Returns:
            A hash in hexadecimal; None where it is not known whether the documents are the same as before.
        """
        corpus, weight = self.portion.corpus, self.portion.weight
        if not isinstance(corpus, FilesSource):
            return None
        states = list(map(written_state, self.files))
        if None in states:
            return None
        reading = corpus.model_dump(exclude={"globs", "weight"}) | {"deduplicate": self.deduplicate}
        found: list[object] = [states, reading, vocabulary.digest, vocabulary.lowercase, options.language]
        if not self.within.is_whole:
            found.append((self.within.start, self.within.stop))
        if weight < 1:
            found.append(weight)
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:32]


def cut_into_pieces(corpus: Corpus, known: KnownFiles | None = None) -> list[Piece]:
    """The pieces of a corpus, in order; raises as `find_files`.

    Args:
        corpus: The corpus.
        known: Documents of files that were encoded before.
    """
    kind = duplicates_of(corpus)
    return [
        replace(piece, deduplicate=kind)
        for portion in portions_of(corpus)
        for piece in _pieces_of(portion, known or {})
    ]


def _pieces_of(portion: MixPart, known: KnownFiles) -> list[Piece]:
    if not isinstance(portion.corpus, FilesSource):
        return [Piece(portion)]
    pieces: list[Piece] = []
    group: list[InputFile] = []
    size = 0
    for path in find_files(portion.corpus.globs, f"{portion.key}.globs").paths:
        part = known.get((portion.part, str(path)))
        own = text_bytes_of(path)
        ranges = _ranges_of(portion.corpus, path) if part is None else [WHOLE]
        is_alone = part is not None or len(ranges) > 1
        if group and (is_alone or size + own > PIECE_BYTES):
            pieces.append(Piece(portion, tuple(group)))
            group, size = [], 0
        if is_alone:
            pieces += [Piece(portion, (path,), within, part) for within in ranges]
        else:
            group.append(path)
            size += own
    return [*pieces, Piece(portion, tuple(group))] if group else pieces


def _ranges_of(corpus: FilesSource, path: InputFile) -> list[FileRange]:
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
    cluster: ClusterOptions = HERE,
) -> EncodedPieces:
    """Encodes pieces into parts under a folder; those that are there already are not encoded again.

    Args:
        folder: Receives the parts; made if it is not there.
        pieces: All of the corpus.
        vocabulary: Cuts sentences into tokens.
        options: Language and workers.
        progress: Told of documents and text bytes so far.
        fingerprint: What duplicates are found by.
        cluster: Who shares the pieces.
    """
    started = time.perf_counter()
    told = _Told(progress)
    encoder = PieceEncoder(
        folder, vocabulary, options, fingerprint, None if is_shared(cluster) else told.within
    )
    new = [(number, piece) for number, piece in enumerate(pieces) if piece.known is None]
    for piece in pieces:
        if piece.known is not None:
            told.add(PartFile.of(piece.known))
    written = share_among(encoder, new, cluster, lambda piece, part: told.add(part))
    parts: dict[int, CorpusPart | UserError] = {
        number: part.open(token_type(vocabulary.size)) if isinstance(part, PartFile) else part
        for (number, _), part in zip(new, written, strict=True)
    }
    found = [piece.known or parts[number] for number, piece in enumerate(pieces)]
    return EncodedPieces(
        [part for part in found if isinstance(part, CorpusPart)],
        [part for part in found if isinstance(part, UserError)],
        sum(piece.known is not None for piece in pieces)
        + sum(isinstance(part, PartFile) and part.was_there for part in written),
        time.perf_counter() - started,
    )


@dataclass(frozen=True)
class PartFile:
    """A part on disk, as its encoder tells of it.

    Attributes:
        directory: Where it lies.
        documents: How many it has.
        text_bytes: UTF-8 bytes of the text that was read for it.
        was_there: Whether it was not encoded anew.
    """

    directory: Path
    documents: int
    text_bytes: int
    was_there: bool = True

    @classmethod
    def of(cls, part: CorpusPart, directory: Path = Path(), was_there: bool = True) -> "PartFile":
        """What there is to tell of a part."""
        text_bytes = sum(source.text_bytes for source in part.sources)
        return cls(directory, len(part.fractions), text_bytes, was_there)

    def open(self, dtype: type) -> CorpusPart:
        """The part, with token ids of this type."""
        return CorpusPart.open(self.directory, dtype)


class PieceEncoder:
    """Encodes pieces into parts, in this process or in another one.

    Args:
        folder: Receives the parts.
        vocabulary: Cuts sentences into tokens.
        options: Language and workers.
        fingerprint: What duplicates are found by; None where they are not looked for.
        progress: Told of documents and text bytes of a piece while it is encoded; only in this process.
    """

    def __init__(
        self,
        folder: Path,
        vocabulary: Vocabulary,
        options: StoreOptions,
        fingerprint: Fingerprint | None = None,
        progress: WritingProgress | None = None,
    ) -> None:
        self._folder, self._vocabulary, self._options = folder, vocabulary, options
        self._fingerprint, self._progress = fingerprint, progress

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        with hidden_native_output():  # imports TensorFlow
            from mbert_cli.text.wordpiece import Tokenizer

        return Tokenizer(self._vocabulary)

    def __call__(self, numbered: tuple[int, Piece]) -> PartFile | UserError:
        """The part of a piece, which is written unless it is there; or why the piece cannot be read."""
        number, piece = numbered
        identity = piece.identity(self._vocabulary, self._options)
        target = self._folder / (identity or f"unnamed-{number}")
        is_there = identity is not None and _is_whole(target)
        try:
            if not is_there:
                self.write(target, piece, self._progress or _tell_nobody)
            return PartFile.of(
                CorpusPart.open(target, token_type(self._vocabulary.size)), target, was_there=is_there
            )
        except UserError as error:
            return error

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


def _tell_nobody(documents: int, text_bytes: int) -> None:
    """Progress of a piece in another process: the piece is told of as it ends."""


class _Told:
    """Adds up documents and text bytes of pieces.

    Args:
        progress: Told of the sums.
    """

    def __init__(self, progress: WritingProgress) -> None:
        self._progress = progress
        self._documents = self._text_bytes = 0

    def within(self, documents: int, text_bytes: int) -> None:
        """Tells of a piece that is not at its end."""
        self._progress(self._documents + documents, self._text_bytes + text_bytes)

    def add(self, part: PartFile | UserError) -> None:
        """Tells of a piece that is."""
        if isinstance(part, PartFile):
            self._documents += part.documents
            self._text_bytes += part.text_bytes
            self._progress(self._documents, self._text_bytes)


def _is_whole(part: Path) -> bool:
    if not part.is_dir():
        return False
    try:
        verify_directory(part)
    except UserError:
        return False
    return True
