"""Documents of a corpus, one after the other, from wherever the recipe says."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from mbert_cli.corpus.document import Document, is_held_out
from mbert_cli.corpus.duplicates import fingerprint_of
from mbert_cli.corpus.files import estimate_file_bytes, file_documents, find_files, require_tables
from mbert_cli.corpus.installed_docs import installed_documents, require_packages
from mbert_cli.corpus.mixing import portions_of, weighted_documents
from mbert_cli.corpus.options import Corpus, FilesSource, InstalledDocsCorpus, SingleCorpus, TfdsSource
from mbert_cli.corpus.tfds import tfds_documents
from mbert_cli.text.remote_files import InputFile, forget_remote_files
from mbert_cli.text.tfds import require_dataset

__all__ = ["Document", "corpus_notes", "documents", "is_held_out", "require_corpus"]


def documents(options: Corpus) -> Iterator[Document]:
    """Reads a corpus in an order that does not change from run to run, in bounded memory.

    Raises:
        UserError: The corpus is missing, unreadable, or not the text that it should be.
    """
    for portion in portions_of(options):
        yield from weighted_documents(source_documents(portion.corpus), portion.weight)


def source_documents(options: SingleCorpus) -> Iterator[Document]:
    """The documents of one source, each once; raises as `documents`."""
    if isinstance(options, FilesSource):
        return file_documents(options)
    if isinstance(options, TfdsSource):
        return tfds_documents(options)
    return installed_documents(options)


def duplicates_of(options: Corpus) -> Literal["exact", "near"] | None:
    """Which duplicates are dropped from a corpus; documentation of packages says each paragraph once by itself."""
    return None if isinstance(options, InstalledDocsCorpus) else options.deduplicate


def corpus_notes(options: Corpus) -> list[str]:
    """What a person should know of files: patterns without any, further paths to one, one in several parts of a mix.

    Raises:
        UserError: A pattern matches nothing, or a file of an unknown kind.
    """
    notes, times = [], Counter[InputFile]()
    for portion in portions_of(options):
        if isinstance(portion.corpus, FilesSource):
            key = f"{portion.key}.globs"
            found = find_files(portion.corpus.globs, key)
            notes += [f"{key}: {note}" for note in found.notes]
            times.update(found.paths)
    shared = [path for path, count in times.items() if count > 1]
    if shared and duplicates_of(options) is None:
        more = f" and {len(shared) - 1:,} more count" if len(shared) > 1 else " counts"
        notes.append(f"corpus.mix: {shared[0]}{more} in several parts")
    return notes


def require_corpus(corpus: Corpus) -> int | None:
    """Checks that there is something to read, without reading it.

    Returns:
        Bytes of its files as often as they count; None where that is not known beforehand.

    Raises:
        UserError: No file matches, a table lacks a column, a package is not installed, a data set is not prepared.
    """
    fingerprint_of(duplicates_of(corpus))  # raises where a package is missing
    forget_remote_files()  # a command begins with this
    portions = portions_of(corpus)
    sizes = [_require_source(portion.corpus, portion.key) for portion in portions]
    if None in sizes:
        return None
    return round(sum((size or 0) * portion.weight for size, portion in zip(sizes, portions, strict=True)))


def _require_source(corpus: SingleCorpus, key: str) -> int | None:
    if isinstance(corpus, FilesSource):
        require_tables(corpus, key)
        return estimate_file_bytes(corpus)
    if isinstance(corpus, TfdsSource):
        require_dataset(corpus.dataset, corpus.data_dir, f"{key}.data_dir")
        return None
    require_packages(corpus.packages, f"{key}.packages")
    return None
