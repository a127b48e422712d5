"""What the tests of corpora share: a small folder of texts, and token stores of made-up documents."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store_format import StoreReport
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from tests.corpus.store_writing import write_store

_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
_VOCABULARY = Vocabulary((*LEADING_TOKENS, *_LETTERS, *(f"##{c}" for c in _LETTERS), "."))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """The working directory, with a text file of each kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("B one.\n\nB two.\n")
    (tmp_path / "sub" / "a.md").write_text("# Title\n\nA one.\n")
    (tmp_path / "sub" / "c.txt.gz").write_bytes(gzip.compress(b"C one.\n"))
    (tmp_path / "d.jsonl").write_text('{"text": "D one.\\n\\nD two.", "id": 1}\n\n{"text": "E one."}\n')
    return tmp_path


@pytest.fixture
def vocabulary() -> Vocabulary:
    """Small letters, as words and as pieces, and the full stop."""
    return _VOCABULARY


@pytest.fixture
def write() -> Callable[..., StoreReport]:
    """Writes a token store of documents into a folder."""

    def store(directory: Path, documents: Iterable[Document], **options) -> StoreReport:
        directory.mkdir(exist_ok=True)
        return write_store(directory, documents, _VOCABULARY, StoreOptions(**options))

    return store


@pytest.fixture
def corpus() -> Callable[[int], list[Document]]:
    """The given number of documents of two sentences."""

    def documents(count: int) -> list[Document]:
        return [
            Document(f"{i}", [f"Ab cd {chr(97 + i % 26)}. Ef gh.", f"Ij {'k' * (i % 9 + 1)}."])
            for i in range(count)
        ]

    return documents
