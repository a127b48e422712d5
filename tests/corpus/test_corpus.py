"""A corpus from wherever the recipe says: its documents, its size and what is noted of it."""

import itertools

from mbert_cli.corpus.corpus import corpus_notes, documents, estimate_bytes
from mbert_cli.corpus.options import FilesCorpus, InstalledDocsCorpus


def read(*globs: str, **options) -> list[tuple[str, list[str]]]:
    corpus = FilesCorpus(source="files", globs=list(globs), **options)
    return [(document.name, document.paragraphs) for document in documents(corpus)]


def test_size_is_told_before_reading(folder):
    size = (folder / "b.txt").stat().st_size + 4 * (folder / "sub" / "c.txt.gz").stat().st_size
    assert estimate_bytes(FilesCorpus(source="files", globs=["**/*.txt*"])) == size
    assert estimate_bytes(InstalledDocsCorpus(source="installed_docs")) is None


def test_a_folder_of_one_kind_of_text_is_enough_for_patterns_of_two(folder):
    globs = ["*.txt", "*.md"]
    assert read(*globs) == [("b.txt", ["B one.", "B two."])]
    corpus = FilesCorpus(source="files", globs=globs)
    assert corpus_notes(corpus) == ["*.md matches no file"]
    assert corpus_notes(InstalledDocsCorpus(source="installed_docs")) == []


def test_documentation_is_a_corpus_too():
    corpus = InstalledDocsCorpus(source="installed_docs", packages=["safetensors"])
    first = next(itertools.islice(documents(corpus), 1))
    assert first.label == "safetensors" and first.paragraphs
