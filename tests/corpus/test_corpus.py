"""A corpus from wherever the recipe says: its documents, its size and what is noted of it."""

import itertools
from pathlib import Path

import pytest

from mbert_cli.corpus.corpus import corpus_notes, documents, require_corpus
from mbert_cli.corpus.options import FilesCorpus, InstalledDocsCorpus, TfdsCorpus
from mbert_cli.errors import UserError


def read(*globs: str, **options) -> list[tuple[str, list[str]]]:
    corpus = FilesCorpus(source="files", globs=list(globs), **options)
    return [(document.name, document.paragraphs) for document in documents(corpus)]


def test_size_is_told_before_reading(folder):
    size = (folder / "b.txt").stat().st_size + 4 * (folder / "sub" / "c.txt.gz").stat().st_size
    assert require_corpus(FilesCorpus(source="files", globs=["**/*.txt*"])) == size
    assert require_corpus(InstalledDocsCorpus(source="installed_docs")) is None


def test_a_folder_of_one_kind_of_text_is_enough_for_patterns_of_two(folder):
    globs = ["*.txt", "*.md"]
    assert read(*globs) == [("b.txt", ["B one.", "B two."])]
    corpus = FilesCorpus(source="files", globs=globs)
    assert corpus_notes(corpus) == ["corpus.globs: *.md matches no file"]
    assert corpus_notes(InstalledDocsCorpus(source="installed_docs")) == []


def test_documentation_is_a_corpus_too():
    corpus = InstalledDocsCorpus(source="installed_docs", packages=["safetensors"])
    first = next(itertools.islice(documents(corpus), 1))
    assert first.label == "safetensors" and first.paragraphs


def why_refused(options) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        require_corpus(options)
    return caught.value.message, caught.value.hint


def test_a_pattern_without_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert why_refused(FilesCorpus(source="files", globs=["books/*.txt"])) == (
        (
            "A pattern of corpus.globs must match a file. "
            f"Received: 'books/*.txt', which matches none in {Path.cwd()}"
        ),
        "Set corpus.globs to the files to read, as in ['books/**/*.txt']; ** crosses folders.",
    )


def test_a_package_that_is_not_installed_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = InstalledDocsCorpus(source="installed_docs", packages=["pydantic", "no_such_package"])
    assert why_refused(corpus) == (
        "The packages of corpus.packages must be installed. Received: no_such_package",
        "Install them, or leave them out of corpus.packages.",
    )


def test_a_data_set_that_is_not_prepared_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpus = TfdsCorpus(source="tfds", dataset="wikipedia/20230601.en", data_dir="sets")
    assert why_refused(corpus) == (
        "The data set wikipedia/20230601.en must be prepared. Received: no folder sets/wikipedia/20230601.en",
        (
            """`python -c 'import tensorflow_datasets as tfds; tfds.load("wikipedia/20230601.en", data_dir="sets")'` """
            "prepares it where there is a network; corpus.data_dir names another folder."
        ),
    )
    Path("sets/wikipedia/20230601.en/1.0.0").mkdir(parents=True)
    assert require_corpus(corpus) is None
