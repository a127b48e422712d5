"""The files that a token store has already, so that it can grow by others without encoding them again."""

from collections.abc import Mapping
from pathlib import Path

from mbert_cli.corpus.encoding import SourceCount
from mbert_cli.corpus.parts import CorpusPart
from mbert_cli.corpus.store import TokenStore
from mbert_cli.corpus.store_format import FRACTIONS, SOURCES, token_type
from mbert_cli.json_text import parse_json
from mbert_cli.runs.content import Content


def known_files(directory: Path, content: Content) -> dict[str, CorpusPart]:
    """What a store has of the files of a corpus.

    Args:
        directory: A complete store.
        content: The files of the corpus as they are now. They are known by what they hold, wherever they lie.

    Returns:
        Documents by the name of a file; none of a store from before stores said what each file gave, nor of one whose
        single document was cut in two.
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
    by_hash = {digest: index for index, (_, digest) in reversed(list(enumerate(recorded))) if digest}
    parts = {}
    for file in content.files:
        index = by_hash.get(file.sha256)
        if index is not None and Path(file.name).suffixes == Path(sources[index].name).suffixes:
            parts[file.name] = whole.of_source(index, file.name)
    return parts


def hashes_of(content: Content | None) -> Mapping[str, str]:
    """SHA-256 of files by their names."""
    return {file.name: file.sha256 for file in content.files} if content else {}


def _read_sources(path: Path) -> list[tuple[SourceCount, str]]:
    """What each file gave, and its SHA-256."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        values = parse_json(line)
        digest = values.pop("sha256", "")
        found.append((SourceCount(**values), digest))
    return found
