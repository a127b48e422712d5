"""A corpus in pieces: the same store, nothing done twice, and nothing lost to a file that cannot be read."""

import gzip
import json
import pickle
from pathlib import Path

import pyarrow
import pyarrow.csv
import pytest
from pyarrow import parquet

from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.corpus import cutting
from mbert_cli.corpus import pieces as corpus_pieces
from mbert_cli.corpus.assembly import assemble_store
from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.duplicates import fingerprint_of
from mbert_cli.corpus.options import FilesCorpus, StoreOptions
from mbert_cli.corpus.pieces import PieceEncoder, cut_into_pieces, encode_pieces
from mbert_cli.corpus.store import TokenStore
from mbert_cli.corpus.store_format import SOURCES
from mbert_cli.errors import UserError
from mbert_cli.json_text import parse_json
from tests.corpus.store_writing import write_store

OPTIONS = StoreOptions(validation_share=0.3)


@pytest.fixture
def books(folder) -> Path:
    """Six files in the working directory."""
    for number in range(6):
        letter = chr(97 + number)
        Path(f"book{number}.txt").write_text(f"Ab {letter * 3} cd. Ef.\n\nIj {letter}.\n")
    return folder


def files(**options) -> FilesCorpus:
    return FilesCorpus(source="files", globs=["book*"], **options)


def encode(folder: Path, corpus: FilesCorpus, vocabulary, told=lambda documents, text_bytes: None):
    fingerprint = fingerprint_of(corpus.deduplicate)
    return encode_pieces(folder / "parts", cut_into_pieces(corpus), vocabulary, OPTIONS, told, fingerprint)


def store_of(folder: Path, encoded, vocabulary, deduplicate=None) -> TokenStore:
    (folder / "store").mkdir()
    assemble_store(folder / "store", encoded.parts, vocabulary, 0.3, fingerprint_of(deduplicate))
    return TokenStore(folder / "store")


def sources_of(store: TokenStore) -> list[dict]:
    return [parse_json(line) for line in (store.directory / SOURCES).read_text().splitlines()]


@pytest.mark.parametrize("piece_bytes", [1, 60, 10**6])
def test_a_store_does_not_depend_on_how_its_corpus_is_cut(books, vocabulary, monkeypatch, piece_bytes):
    (books / "whole").mkdir()
    write_store(books / "whole", documents(files()), vocabulary, OPTIONS)
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", piece_bytes)
    assert len(cut_into_pieces(files())) == {1: 6, 60: 3, 10**6: 1}[piece_bytes]
    store_of(books, encode(books, files(), vocabulary), vocabulary)
    for name in ("tokens.bin", "sentence_starts.bin", "document_starts.bin", "held_out.bin", SOURCES):
        assert (books / "store" / name).read_bytes() == (books / "whole" / name).read_bytes(), name


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_large_file_is_encoded_in_ranges_and_the_store_stays_the_same(
    books, vocabulary, monkeypatch, suffix
):
    texts = [f"Ab {'c' * (number % 7 + 1)}. Ef." for number in range(40)]
    table = pyarrow.table({"text": texts, "id": range(40)})
    with Path(f"book3b{suffix}").open("wb") as file:
        if suffix == ".parquet":
            parquet.write_table(table, file, row_group_size=5)
        elif suffix == ".csv":
            pyarrow.csv.write_csv(table, file)
        else:
            file.write("".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode())
    (books / "whole").mkdir()
    write_store(books / "whole", documents(files()), vocabulary, OPTIONS)
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", 200)
    monkeypatch.setattr(cutting, "BLOCK_BYTES", 64)
    pieces = cut_into_pieces(files())
    assert len([piece for piece in pieces if not piece.within.is_whole]) > 3
    store_of(books, encode(books, files(), vocabulary), vocabulary)
    for name in ("tokens.bin", "sentence_starts.bin", "document_starts.bin", "held_out.bin", SOURCES):
        assert (books / "store" / name).read_bytes() == (books / "whole" / name).read_bytes(), name
    assert encode(books, files(), vocabulary).found == len(pieces)


def test_a_range_with_a_bad_row_costs_no_other_one(books, vocabulary, monkeypatch):
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", 100)
    monkeypatch.setattr(cutting, "BLOCK_BYTES", 16)
    lines = ['{"text": "Ab cd."}'] * 30
    lines[20] = '{"text": "Ab'
    Path("book9.jsonl").write_text("\n".join(lines))
    encoded = encode(books, files(), vocabulary)
    assert (len(encoded.parts), len(encoded.failures)) == (len(cut_into_pieces(files())) - 1, 1)
    with pytest.raises(UserError, match=r"Received: book9\.jsonl:21 "):
        encoded.require_all()


def test_the_store_says_what_each_file_gave(books, vocabulary):
    store = store_of(books, encode(books, files(), vocabulary), vocabulary)
    assert sources_of(store)[0] == {
        "name": "book0.txt", "documents": 1, "sentences": 3, "tokens": 15, "text_bytes": 19, "dropped": {},
        "sha256": "",
    }  # fmt: skip
    assert sum(source["tokens"] for source in sources_of(store)) == len(store.tokens)


def test_what_was_encoded_is_not_encoded_again(books, vocabulary, monkeypatch):
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", 1)
    assert encode(books, files(), vocabulary).found == 0
    assert encode(books, files(), vocabulary).found == 6
    Path("book3.txt").write_text("Another text.\n")
    told = []
    again = encode(
        books, files(), vocabulary, lambda documents, text_bytes: told.append((documents, text_bytes))
    )
    assert (again.found, len(again.parts)) == (5, 6)
    assert told[-1] == (6, 5 * 19 + len("Another text."))
    assert encode(books, files(where="a > 1"), vocabulary).found == 0


def test_a_part_that_was_damaged_is_encoded_again(books, vocabulary):
    encode(books, files(), vocabulary)
    (part,) = (books / "parts").iterdir()
    (part / "tokens.bin").write_bytes(b"")
    assert encode(books, files(), vocabulary).found == 0


def test_a_damaged_file_costs_no_other_one(books, vocabulary, monkeypatch):
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", 1)
    Path("book1.txt.gz").write_bytes(gzip.compress(b"Text. " * 99)[:-9])
    encoded = encode(books, files(), vocabulary)
    assert len(encoded.parts) == 6
    with pytest.raises(UserError) as caught:
        encoded.require_all()
    assert "Received: book1.txt.gz before offset " in caught.value.message
    assert caught.value.hint.endswith("What the other files gave is kept: the same command goes on.")
    Path("book1.txt.gz").write_bytes(gzip.compress(b"Text. " * 99))
    assert encode(books, files(), vocabulary).found == 6


@pytest.mark.parametrize("piece_bytes", [1, 10**6])
def test_duplicates_are_dropped_wherever_they_lie(books, vocabulary, monkeypatch, piece_bytes):
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", piece_bytes)
    Path("book5.txt").write_text(Path("book2.txt").read_text())
    corpus = files(deduplicate="exact")
    store = store_of(books, encode(books, corpus, vocabulary), vocabulary, "exact")
    assert store.report.documents == 5
    assert store.report.dropped == {"documents that repeat an earlier one": 1}
    assert [source["documents"] for source in sources_of(store)] == [1, 1, 1, 1, 1, 0]
    Path("book5.txt").unlink()
    (books / "without").mkdir()
    write_store(books / "without", documents(files()), vocabulary, OPTIONS)
    for name in ("tokens.bin", "sentence_starts.bin", "document_starts.bin", "held_out.bin"):
        assert (books / "store" / name).read_bytes() == (books / "without" / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [ClusterOptions(workers=2), ClusterOptions(address="local")])
def test_a_store_does_not_depend_on_who_encodes_its_pieces(books, vocabulary, monkeypatch, cluster):
    monkeypatch.setattr(corpus_pieces, "PIECE_BYTES", 1)
    Path("book7.txt.gz").write_bytes(gzip.compress(b"Text. " * 99)[:-9])
    alone = encode(books, files(), vocabulary)
    pieces = cut_into_pieces(files())
    told = []
    shared = encode_pieces(
        books / "shared", pieces, vocabulary, OPTIONS, lambda *sums: told.append(sums), None, cluster
    )
    assert (len(shared.parts), told[-1]) == (6, (6, 6 * 19))
    assert [error.message for error in shared.failures] == [error.message for error in alone.failures]
    store_of(books, shared, vocabulary)
    (books / "store").rename(books / "by-others")
    store_of(books, alone, vocabulary)
    for name in ("tokens.bin", "sentence_starts.bin", "document_starts.bin", "held_out.bin", SOURCES):
        assert (books / "by-others" / name).read_bytes() == (books / "store" / name).read_bytes(), name
    assert encode_pieces(books / "shared", pieces, vocabulary, OPTIONS, lambda *sums: None).found == 6


def test_an_encoder_that_travelled_writes_the_same_part(books, vocabulary):
    (piece,) = cut_into_pieces(files())
    encoders = [PieceEncoder(books / name, vocabulary, OPTIONS) for name in ("here", "there")]
    here, there = encoders[0]((0, piece)), pickle.loads(pickle.dumps(encoders[1]))((0, piece))
    assert (here.documents, here.text_bytes, here.was_there) == (6, 6 * 19, False)
    assert there.directory.name == here.directory.name
    for file in here.directory.glob("*.bin"):
        assert file.read_bytes() == (there.directory / file.name).read_bytes(), file.name
    assert encoders[0]((0, piece)).was_there
