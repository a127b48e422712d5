"""Parts of a corpus -> a token store.

What is held out and which documents repeat an earlier one is decided here, over all parts in their order, so that a
store does not depend on how the corpus was cut into parts, nor on who encoded which.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mbert_cli.corpus.duplicates import DUPLICATES, Fingerprint
from mbert_cli.corpus.encoding import SourceCount, merge_counts
from mbert_cli.corpus.parts import CorpusPart, TokenFiles
from mbert_cli.corpus.store_format import (
    DOCUMENT_STARTS,
    FINGERPRINTS,
    FRACTIONS,
    HELD_OUT,
    SOURCES,
    StoreReport,
    write_manifest,
)
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary


def assemble_store(
    directory: Path,
    parts: Sequence[CorpusPart],
    vocabulary: Vocabulary,
    validation_share: float,
    fingerprint: Fingerprint | None = None,
    seconds: float = 0.0,
    hashes: Mapping[str, str] | None = None,
) -> StoreReport:
    """Writes the files of a store into an existing, empty directory.

    Where the hash holds out no document though a share is wanted, the one with the smallest hash is held out; a
    corpus of a single document is cut in two at a sentence, and its end is held out.

    Args:
        directory: Receives the files; atomic naming is the caller's part.
        parts: All of the corpus, in order.
        vocabulary: What their sentences were cut by; it is saved beside them.
        validation_share: Share of the documents to hold out.
        fingerprint: What duplicates are found by; None keeps them.
        seconds: How long encoding took, for the report.
        hashes: SHA-256 of the files by name, by which a store that grows knows them.

    Raises:
        UserError: No document has a sentence.
    """
    kept = _find_new(parts, fingerprint)
    sources = [source for part, mask in zip(parts, kept, strict=True) for source in _kept_sources(part, mask)]
    dropped = sum((Counter(source.dropped) for source in sources), Counter[str]())
    totals = SourceCount("", 0, 0, 0, 0)
    for source in sources:
        totals = totals.and_then(source)
    if not totals.sentences:
        seen = ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "no document"
        raise UserError(f"A corpus must have a sentence. Received: {seen}", "check the recipe key corpus")
    unknown, longest_sentence = _write_tokens(directory, parts, kept, vocabulary.unknown_id)
    fractions = np.concatenate([part.fractions[mask] for part, mask in zip(parts, kept, strict=True)])
    fractions.tofile(directory / FRACTIONS)
    if fingerprint is not None:
        _write_fingerprints(directory, parts, kept)
    documents, validation_documents = _hold_out(directory, fractions, totals.sentences, validation_share)
    vocabulary.save(directory / VOCABULARY_FILE)
    _write_sources(directory, merge_counts(sources), hashes or {})
    report = StoreReport(
        documents=documents,
        validation_documents=validation_documents,
        sentences=totals.sentences,
        tokens=totals.tokens,
        unknown_rate=unknown / totals.tokens,
        longest_sentence=longest_sentence,
        text_bytes=totals.text_bytes,
        size_bytes=sum(path.stat().st_size for path in directory.iterdir()),
        seconds=seconds,
        dropped=dict(sorted(dropped.items())),
    )
    write_manifest(directory, vocabulary, report)
    return report


def _find_new(parts: Sequence[CorpusPart], fingerprint: Fingerprint | None) -> list[np.ndarray]:
    """For each part whether its documents, (documents,) bool, repeat none before them."""
    if fingerprint is None:
        return [np.ones(len(part.fractions), np.bool_) for part in parts]
    finder, none = fingerprint.finder(), np.zeros((0, fingerprint.width), np.uint64)
    return [finder.are_new(none if part.fingerprints is None else part.fingerprints) for part in parts]


def _kept_sources(part: CorpusPart, kept: np.ndarray) -> Sequence[SourceCount]:
    """What each file of a part gave, without what repeats something."""
    if kept.all():
        return part.sources
    sentences, tokens = part.lengths()
    counted, start = [], 0
    for source in part.sources:
        stop = start + source.documents
        own = kept[start:stop]
        repeated = int(np.count_nonzero(~own))
        change = SourceCount(
            source.name,
            -repeated,
            -int(sentences[start:stop][~own].sum()),
            -int(tokens[start:stop][~own].sum()),
            0,
            {DUPLICATES: repeated} if repeated else {},
        )
        counted.append(source.and_then(change))
        start = stop
    return counted


def _write_tokens(
    directory: Path, parts: Sequence[CorpusPart], kept: Sequence[np.ndarray], unknown_id: int
) -> tuple[int, int]:
    """Writes the documents that are kept; returns how many tokens are `[UNK]`, and those of the longest sentence."""
    unknown = longest_sentence = 0
    with TokenFiles(directory) as files:
        for part, mask in zip(parts, kept, strict=True):
            for places, documents in part.blocks():
                block = documents.take(mask[places])
                files.append(block)
                unknown += int(np.count_nonzero(block.tokens == unknown_id))
                longest_sentence = max(longest_sentence, int(block.sentence_lengths.max(initial=0)))
    return unknown, longest_sentence


def _write_fingerprints(directory: Path, parts: Sequence[CorpusPart], kept: Sequence[np.ndarray]) -> None:
    with (directory / FINGERPRINTS).open("wb") as file:
        for part, mask in zip(parts, kept, strict=True):
            if part.fingerprints is not None:
                part.fingerprints[mask].tofile(file)


def _hold_out(directory: Path, fractions: np.ndarray, sentences: int, share: float) -> tuple[int, int]:
    """Writes which documents are held out; returns how many documents there are, and how many of them are."""
    documents = len(fractions)
    flags = fractions < share
    if share and documents == 1:
        if sentences > 1:
            cut = min(sentences - 1, max(1, round(sentences * (1 - share))))
            np.array([0, cut, sentences], np.int64).tofile(directory / DOCUMENT_STARTS)
            documents, flags = 2, np.array([False, True])
        else:
            flags = np.array([False])
    elif share and flags.sum() in (0, documents):
        flags = np.zeros(documents, np.bool_)
        flags[fractions.argmin()] = True
    flags.tofile(directory / HELD_OUT)
    return documents, int(flags.sum())


def _write_sources(directory: Path, sources: Sequence[SourceCount], hashes: Mapping[str, str]) -> None:
    """Notes what each file gave; nothing where the documents come from no files."""
    named = [source for source in sources if source.name]
    lines = [json.dumps(asdict(source) | {"sha256": hashes.get(source.name, "")}) for source in named]
    if lines:
        (directory / SOURCES).write_text("\n".join(lines) + "\n", encoding="utf-8")
