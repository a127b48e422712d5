"""Parts put together: what is held out and what repeats is decided over all of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.corpus.assembly import assemble_store
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import DUPLICATES, fingerprint_of
from mbert_cli.corpus.encoding import encode_documents
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.parts import CorpusPart, write_part
from mbert_cli.corpus.store import TokenStore
from mbert_cli.text.wordpiece import Tokenizer


@pytest.fixture
def joined(tmp_path: Path, vocabulary) -> Callable[..., TokenStore]:
    """Lists of documents, a part each -> the store of them."""

    def join(
        parts: Sequence[list[Document]], share: float = 0.0, deduplicate: str | None = None
    ) -> TokenStore:
        fingerprint = fingerprint_of(deduplicate)
        opened = []
        for number, documents in enumerate(parts):
            folder = tmp_path / f"part{number}"
            folder.mkdir()
            chunks = encode_documents(documents, Tokenizer(vocabulary), StoreOptions(), fingerprint)
            list(write_part(folder, chunks, has_fingerprints=fingerprint is not None))
            opened.append(CorpusPart.open(folder, np.uint16))
        (tmp_path / "store").mkdir()
        report = assemble_store(tmp_path / "store", opened, vocabulary, share, fingerprint)
        store = TokenStore(tmp_path / "store")
        assert store.report == report
        return store

    return join


def test_starts_count_from_the_beginning_of_the_store(joined, corpus):
    documents = corpus(5)
    store = joined([documents[:2], [], documents[2:]])
    assert store.document_starts.tolist() == [0, 2, 4, 6, 8, 10]
    assert store.sentence_starts[-1] == len(store.tokens)


def test_one_document_of_all_parts_is_held_out_where_the_hash_chooses_none(joined, corpus):
    documents = corpus(4)
    store = joined([documents[:3], documents[3:]], share=1e-9)
    fractions = [document.hash_fraction for document in documents]
    assert np.flatnonzero(store.held_out).tolist() == [np.argmin(fractions)]


def test_copies_of_the_one_that_is_held_out_are_held_out_with_it(joined, corpus):
    documents = corpus(4)
    least = min(documents, key=lambda document: document.hash_fraction)
    store = joined([documents, [least]], share=1e-9)
    assert np.flatnonzero(store.held_out).tolist() == [documents.index(least), 4]


def test_of_documents_that_are_all_equal_one_is_held_out(joined, corpus):
    (document,) = corpus(1)
    store = joined([[document, document, document]], share=1e-9)
    assert store.held_out.tolist() == [True, False, False]


def test_what_repeats_in_another_part_is_dropped_and_counted_for_its_file(joined, corpus):
    first, second = corpus(2)
    store = joined([[first, second], [first, second, first]], deduplicate="exact")
    assert store.report.documents == 2
    assert store.report.dropped == {DUPLICATES: 3}
    assert store.report.sentences == len(store.sentence_starts) - 1 == 4
    assert store.report.tokens == len(store.tokens)
