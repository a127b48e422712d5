"""The token store: what is written, what is held out, and what is reported."""

import itertools
import string
import threading

import numpy as np
import pytest

from mbert_cli.corpus import encoding
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import Vocabulary
from tests.corpus.store_writing import write_store


def texts_of(store: TokenStore, vocabulary: Vocabulary) -> list[list[str]]:
    """Sentences of each document, pieces joined."""
    result = []
    for start, end in itertools.pairwise(store.document_starts):
        bounds = itertools.pairwise(store.sentence_starts[start : end + 1])
        sentences = [[vocabulary.tokens[i] for i in store.tokens[a:b]] for a, b in bounds]
        result.append([" ".join(tokens).replace(" ##", "") for tokens in sentences])
    return result


def test_store_holds_the_sentences_of_every_document_in_order(write, vocabulary, tmp_path):
    documents = [Document("1", ["Ab cd. Ef gh.", "No full stop"]), Document("2", ["The end."])]
    report = write(tmp_path / "store", documents, validation_share=0)
    store = TokenStore(tmp_path / "store")
    assert texts_of(store, vocabulary) == [["ab cd .", "ef gh .", "no full stop"], ["the end ."]]
    assert store.tokens.dtype == np.uint16
    assert store.vocabulary == vocabulary
    assert store.report == report
    assert (report.documents, report.sentences, report.tokens) == (2, 4, len(store.tokens))
    assert report.text_bytes == len("Ab cd. Ef gh.") + len("No full stop") + len("The end.")
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [
        "document_starts.bin", "fractions.bin", "held_out.bin", "sentence_starts.bin", "store.json", "tokens.bin",
        "vocab.txt",
    ]  # fmt: skip


def test_report_counts_unknown_tokens_the_longest_sentence_and_what_was_dropped(write, tmp_path):
    documents = [
        Document("1", ["Ab é 東. " + "a " * 300, "b"], dropped={"paragraphs that repeat an earlier one": 3}),
        Document("2", []),
        Document("3", ["\x07 \x07"]),
        Document("4", ["\x07"], dropped={"paragraphs that repeat an earlier one": 1}),
    ]
    report = write(tmp_path / "store", documents, validation_share=0)
    assert report.documents == 1
    assert report.longest_sentence == 300
    assert report.unknown_rate == 1 / report.tokens
    assert report.dropped == {
        "documents without a sentence": 2,
        "documents without text": 1,
        "paragraphs that repeat an earlier one": 4,
    }


@pytest.mark.parametrize("chunk", [1, 500, 10**6])
@pytest.mark.parametrize("workers", [1, 3])
def test_store_does_not_depend_on_workers_or_chunks(write, corpus, tmp_path, monkeypatch, workers, chunk):
    write(tmp_path / "one", corpus(60), workers=2)
    monkeypatch.setattr(encoding, "CHUNK_CHARACTERS", chunk)
    write(tmp_path / "other", corpus(60), workers=workers)
    for name in ("tokens.bin", "sentence_starts.bin", "document_starts.bin", "held_out.bin", "vocab.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name


def test_a_small_corpus_holds_out_the_document_with_the_smallest_hash(write, corpus, tmp_path):
    documents = corpus(3)
    report = write(tmp_path / "store", documents, validation_share=1e-9)
    fractions = [document.hash_fraction for document in documents]
    np.testing.assert_array_equal(
        np.flatnonzero(TokenStore(tmp_path / "store").held_out), [np.argmin(fractions)]
    )
    assert report.validation_documents == 1


def test_a_single_document_is_cut_in_two_and_its_end_held_out(write, tmp_path):
    document = Document("1", [" ".join(f"Line {letter * 3} ends." for letter in string.ascii_lowercase[:20])])
    report = write(tmp_path / "store", [document], validation_share=0.1)
    store = TokenStore(tmp_path / "store")
    assert (report.documents, report.validation_documents, report.sentences) == (2, 1, 20)
    np.testing.assert_array_equal(store.document_starts, [0, 18, 20])
    np.testing.assert_array_equal(store.held_out, [False, True])


def test_nothing_is_held_out_of_a_single_sentence_or_without_a_share(write, corpus, tmp_path):
    assert (
        write(tmp_path / "sentence", [Document("1", ["One."])], validation_share=0.5).validation_documents
        == 0
    )
    assert not TokenStore(tmp_path / "sentence").held_out.any()
    assert write(tmp_path / "share", corpus(5), validation_share=0).validation_documents == 0


def test_reading_stays_a_bounded_number_of_documents_ahead_of_writing(
    corpus, vocabulary, tmp_path, monkeypatch
):
    monkeypatch.setattr(encoding, "CHUNK_CHARACTERS", 1)
    read, ahead = 0, []

    def stream():
        nonlocal read
        for document in corpus(100):
            read += 1
            yield document

    (tmp_path / "store").mkdir()
    write_store(
        tmp_path / "store", stream(), vocabulary, StoreOptions(workers=2),
        progress=lambda documents, text_bytes: ahead.append(read - documents),
    )  # fmt: skip
    assert len(ahead) == 100 and max(ahead) <= 2 * 2


def test_an_error_while_reading_stops_the_workers(write, corpus, tmp_path):
    def stream():
        yield from corpus(30)
        raise UserError("A text file must be UTF-8. Received: b", "")

    before = threading.active_count()
    with pytest.raises(UserError):
        write(tmp_path / "store", stream())
    assert threading.active_count() == before
    assert not (tmp_path / "store" / "store.json").exists()


@pytest.mark.parametrize(
    ("documents", "received"),
    [
        ([], "no document"),
        ([Document("1", []), Document("2", []), Document("3", ["\x07"])],
         "documents without text: 2, documents without a sentence: 1"),
    ],
)  # fmt: skip
def test_corpus_without_a_sentence_is_refused(write, tmp_path, documents, received):
    with pytest.raises(UserError) as caught:
        write(tmp_path / "store", documents)
    assert caught.value.message == f"A corpus must have a sentence. Received: {received}"
    assert (
        caught.value.hint
        == "Set the keys of the section corpus to text; `mbert recipe explain corpus` lists them."
    )


def test_large_vocabulary_takes_four_bytes_a_token(tmp_path, vocabulary):
    extra = (f"x{i}" for i in range(2**16))
    (tmp_path / "store").mkdir()
    large = Vocabulary((*vocabulary.tokens, *extra))
    write_store(tmp_path / "store", [Document("1", ["ab x65535"])], large, StoreOptions())
    store = TokenStore(tmp_path / "store")
    assert store.tokens.dtype == np.uint32
    assert (tmp_path / "store" / "tokens.bin").stat().st_size == 4 * len(store.tokens)
