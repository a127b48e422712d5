"""The files that a token store has already, so that it can grow by others without encoding them again."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from mbert_cli.corpus.contents import files_key
from mbert_cli.corpus.duplicates import DUPLICATES
from mbert_cli.corpus.encoding import SourceCount
from mbert_cli.corpus.mixing import copies_of, portions_of
from mbert_cli.corpus.options import Corpus
from mbert_cli.corpus.parts import CorpusPart
from mbert_cli.corpus.pieces import KnownFiles
from mbert_cli.corpus.store import TokenStore
from mbert_cli.corpus.store_format import FRACTIONS, SOURCES, token_type
from mbert_cli.json_text import parse_json
from mbert_cli.runs.content import Contents


def known_files(directory: Path, contents: Contents, corpus: Corpus) -> KnownFiles:
    """What a store has of the files of a corpus.

    Args:
        directory: A complete store.
        contents: The files of the corpus as they are now. They are known by what they hold, wherever they lie.
        corpus: The corpus, with the weights that the store was made with.

    Returns:
        Documents by the part of a mix and the name of a file; none of a store from before stores said what each file
        gave, nor of one whose single document was cut in two. A file of which duplicates were dropped is read again
        where something before it is new or stands in another order.
    """
    store = TokenStore(directory)
    if not (directory / SOURCES).is_file() or not (directory / FRACTIONS).is_file():
        return {}
    recorded = _read_sources(directory / SOURCES)
    sources = [source for source, _ in recorded]
    if sum(source.documents for source in sources) != store.report.documents:
        return {}
    whole = CorpusPart.of_arrays(directory, token_type(store.vocabulary.size), sources)
    # Of equal files the first has the documents where duplicates were dropped.
    by_hash = {
        (source.part, digest): index
        for index, (source, digest) in reversed(list(enumerate(recorded)))
        if digest
    }
    following = dict(pairwise([-1, *sorted(by_hash.values())]))
    parts, last, is_as_before = {}, -1, True
    for portion in portions_of(corpus):
        content = contents.get(files_key(portion.key))
        for file in content.files if content else ():
            index = by_hash.get((portion.part, file.sha256))
            if index is not None and Path(file.name).suffixes != Path(sources[index].name).suffixes:
                index = None
            is_as_before = is_as_before and index is not None and index in (last, following.get(last))
            if index is None or not (is_as_before or DUPLICATES not in sources[index].dropped):
                continue  # what was dropped may come before all that is like it now
            part = whole.of_source(index, file.name)
            parts[portion.part, file.name] = _without_copies(part, portion.weight)
            last = index
    return parts


def _without_copies(part: CorpusPart, weight: float) -> CorpusPart:
    """Documents of a store, of which each counts as often as it stands there: the first of its copies for all."""
    if weight <= 1:
        return part
    copies = copies_of(part.fractions, weight)
    times, place = np.zeros(len(copies), np.int64), 0
    while place < len(copies):
        times[place] = copies[place]
        place += copies[place]
    return replace(part, times=times)


def hashes_of(contents: Contents) -> Mapping[str, str]:
    """SHA-256 of files by their names."""
    return {file.name: file.sha256 for content in contents.values() for file in content.files}


def _read_sources(path: Path) -> list[tuple[SourceCount, str]]:
    """What each file gave, and its SHA-256."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        values = parse_json(line)
        digest = values.pop("sha256", "")
        found.append((SourceCount(**values), digest))
    return found
