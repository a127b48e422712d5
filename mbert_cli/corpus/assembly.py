"""Parts of a corpus -> a token store.

What is held out and which documents repeat an earlier one is decided here, over all parts in their order, so that a
store does not depend on how the corpus was cut into parts, nor on who encoded which.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from mbert_cli.corpus.duplicates import DUPLICATES, Fingerprint
from mbert_cli.corpus.encoding import SourceCount, merge_counts
from mbert_cli.corpus.files import FILTERED
from mbert_cli.corpus.mixing import MixPart, require_all_parts
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
    portions: Sequence[MixPart] = (),
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
        portions: The parts of a mix, each of which must give a document.

    Raises:
        UserError: No document has a sentence.
    """
    times = _count_new(parts, fingerprint)
    sources = [
        source for part, own in zip(parts, times, strict=True) for source in _counted_sources(part, own)
    ]
    by_part = _add_up_parts(sources)
    require_all_parts(portions, by_part)
    totals = _add_up(sources)
    unknown, longest_sentence = _write_tokens(directory, parts, times, vocabulary.unknown_id)
    fractions = _write_hashes(directory, parts, times)
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
        dropped=dict(sorted(totals.dropped.items())),
        parts=[{"documents": count.documents, "tokens": count.tokens} for count in by_part.values()],
    )
    write_manifest(directory, vocabulary, report)
    return report


def _add_up(sources: Sequence[SourceCount]) -> SourceCount:
    """What all files gave.

    Raises:
        UserError: That is no sentence.
    """
    totals = SourceCount("", 0, 0, 0, 0)
    for source in sources:
        totals = totals.and_then(source)
    if not totals.sentences:
        raise no_sentence(totals.dropped)
    return totals


def no_sentence(dropped: Mapping[str, int]) -> UserError:
    """What is said of a corpus that gives no text.

    Args:
        dropped: Reason -> how many rows or paragraphs were left out.
    """
    seen = ", ".join(f"{reason}: {count:,}" for reason, count in dropped.items()) or "no document"
    return UserError(
        f"A corpus must have a sentence. Received: {seen}",
        "Set corpus.where to a condition that rows fulfil."
        if FILTERED in dropped
        else "Set the keys of the section corpus to text; `mbert recipe explain corpus` lists them.",
    )


def _count_new(parts: Sequence[CorpusPart], fingerprint: Fingerprint | None) -> list[np.ndarray]:
    """For each part how often its documents count, (documents,) int64: not at all where they repeat one before them."""
    if fingerprint is None:
        return [part.counts() for part in parts]
    finder, counted = fingerprint.finder(), []
    for part in parts:
        times = part.counts().copy()
        if part.fingerprints is not None:
            counts = times > 0
            times[counts] *= finder.are_new(part.fingerprints[counts])
        counted.append(times)
    return counted


def _counted_sources(part: CorpusPart, times: np.ndarray) -> Sequence[SourceCount]:
    """What each file of a part gives, without what repeats something, and with all as often as it counts."""
    if (times == 1).all():
        return part.sources
    sentences, tokens = part.lengths()
    counted, start = [], 0
    for source in part.sources:
        own = slice(start, start + source.documents)
        repeated = int(np.count_nonzero((times[own] == 0) & (part.counts()[own] > 0)))
        dropped = Counter(source.dropped) + Counter({DUPLICATES: repeated})
        counted.append(
            replace(
                source,
                documents=int(times[own].sum()),
                sentences=int(sentences[own] @ times[own]),
                tokens=int(tokens[own] @ times[own]),
                dropped=dict(dropped),
            )
        )
        start = own.stop
    return counted


def _add_up_parts(sources: Sequence[SourceCount]) -> dict[int, SourceCount]:
    """What each part of a mix gives, in order; nothing for a corpus that is none."""
    totals: dict[int, SourceCount] = {}
    for source in sources:
        if source.part is not None:
            before = totals.get(source.part)
            totals[source.part] = before.and_then(source) if before else source
    return totals


def _write_tokens(
    directory: Path, parts: Sequence[CorpusPart], times: Sequence[np.ndarray], unknown_id: int
) -> tuple[int, int]:
    """Writes documents as often as they count.

    Returns:
        How many tokens are `[UNK]`, and those of the longest sentence.
    """
    unknown = longest_sentence = 0
    with TokenFiles(directory) as files:
        for part, own in zip(parts, times, strict=True):
            for places, documents in part.blocks():
                for block in documents.repeated(own[places]):
                    files.append(block)
                    unknown += int(np.count_nonzero(block.tokens == unknown_id))
                    longest_sentence = max(longest_sentence, int(block.sentence_lengths.max(initial=0)))
    return unknown, longest_sentence


def _write_hashes(directory: Path, parts: Sequence[CorpusPart], times: Sequence[np.ndarray]) -> np.ndarray:
    """Writes what the documents are known by, where they were looked at for it; returns their fractions."""
    counted = list(zip(parts, times, strict=True))
    fractions = np.concatenate([np.repeat(part.fractions, own) for part, own in counted])
    fractions.tofile(directory / FRACTIONS)
    if any(part.fingerprints is not None for part in parts):
        with (directory / FINGERPRINTS).open("wb") as file:
            for part, own in counted:
                if part.fingerprints is not None:
                    np.repeat(part.fingerprints, own, axis=0).tofile(file)
    return fractions


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
        flags = fractions == fractions.min()  # with all copies of that document
        if flags.all():
            flags = np.arange(documents) == 0  # there is no other one to train on
    flags.tofile(directory / HELD_OUT)
    return documents, int(flags.sum())


def _write_sources(directory: Path, sources: Sequence[SourceCount], hashes: Mapping[str, str]) -> None:
    """Notes what each file gave; nothing where the documents come from no files."""
    named = [source for source in sources if source.name]
    lines = [json.dumps(_described(source) | {"sha256": hashes.get(source.name, "")}) for source in named]
    if lines:
        (directory / SOURCES).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _described(source: SourceCount) -> dict[str, object]:
    return {name: value for name, value in asdict(source).items() if name != "part" or value is not None}
