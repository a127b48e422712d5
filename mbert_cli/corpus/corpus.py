"""Documents of a corpus, one after the other, from wherever the recipe says."""

from collections.abc import Iterator

from mbert_cli.corpus.document import Document, is_held_out
from mbert_cli.corpus.files import estimate_file_bytes, file_documents, find_files
from mbert_cli.corpus.installed_docs import installed_documents
from mbert_cli.corpus.options import Corpus, FilesCorpus, TfdsCorpus
from mbert_cli.corpus.tfds import tfds_documents

__all__ = ["Document", "corpus_notes", "documents", "estimate_bytes", "is_held_out"]


def documents(options: Corpus) -> Iterator[Document]:
    """Reads a corpus in an order that does not change from run to run, in bounded memory.

    Raises:
        UserError: The corpus is missing, unreadable, or not the text that it should be.
    """
    if isinstance(options, FilesCorpus):
        return file_documents(options)
    if isinstance(options, TfdsCorpus):
        return tfds_documents(options)
    return installed_documents(options)


def estimate_bytes(options: Corpus) -> int | None:
    """About how many bytes of text the corpus has, where that can be told without reading it; else None.

    A token store takes about half of that, and all of it with a vocabulary beyond 65,536 tokens.

    Raises:
        UserError: A pattern matches nothing, or a file of an unknown kind.
    """
    return estimate_file_bytes(options) if isinstance(options, FilesCorpus) else None


def corpus_notes(options: Corpus) -> list[str]:
    """What a person should know about the files of a corpus: patterns without any, further paths to one.

    Raises:
        UserError: As `estimate_bytes`.
    """
    return find_files(options.globs).notes if isinstance(options, FilesCorpus) else []
