"""A store that grows: what it has of a file is not encoded again, and the bits are those of a store made at once."""

from pathlib import Path

import pytest

from mbert_cli.corpus.assembly import assemble_store
from mbert_cli.corpus.contents import corpus_contents
from mbert_cli.corpus.duplicates import fingerprint_of
from mbert_cli.corpus.growing import hashes_of, known_files
from mbert_cli.corpus.options import FilesCorpus, StoreOptions
from mbert_cli.corpus.pieces import EncodedPieces, cut_into_pieces, encode_pieces
from tests.corpus.store_bits import ARRAYS


@pytest.fixture
def books(folder) -> Path:
    """Five files, of which the first four are there at first; the fourth says what the second says."""
    for number in range(5):
        letter = chr(97 + (1 if number == 3 else number))
        Path(f"book{number}.txt").write_text(f"Ab {letter * 3} cd. Ef.\n\nIj {letter}.\n")
    Path("book4.txt").rename("later.txt")
    return folder


def known_of(old: Path, *globs: str) -> set[str]:
    corpus = FilesCorpus(source="files", globs=list(globs))
    return {name for _, name in known_files(old, corpus_contents(corpus, {}), corpus)}


def store(
    target: Path, vocabulary, globs: list[str], deduplicate=None, old: Path | None = None
) -> EncodedPieces:
    corpus = FilesCorpus(source="files", globs=globs, deduplicate=deduplicate)
    contents, fingerprint = corpus_contents(corpus, {}), fingerprint_of(deduplicate)
    known = known_files(old, contents, corpus) if old else {}
    pieces = cut_into_pieces(corpus, known)
    options = StoreOptions(validation_share=0.3)
    parts = target.with_name(f"{target.name}-parts")
    encoded = encode_pieces(parts, pieces, vocabulary, options, lambda *figures: None, fingerprint)
    target.mkdir()
    assemble_store(target, encoded.parts, vocabulary, 0.3, fingerprint, 0.0, hashes_of(contents))
    return encoded


@pytest.mark.parametrize("deduplicate", [None, "exact"])
def test_a_store_that_has_grown_has_the_bits_of_one_that_was_made_at_once(books, vocabulary, deduplicate):
    store(books / "old", vocabulary, ["book*"], deduplicate)
    Path("later.txt").rename("book1b.txt")  # among the others
    grown = store(books / "new", vocabulary, ["book*"], deduplicate, old=books / "old")
    assert (grown.found, len(grown.parts)) == (4, 5)
    store(books / "whole", vocabulary, ["book*"], deduplicate)
    for name in ARRAYS:
        assert (books / "new" / name).read_bytes() == (books / "whole" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("deduplicate", "before", "after"),
    [
        ("near", ["[bc].txt"], ["[abc].txt"]),  # a is like b, and b like c, but a not like c
        ("exact", ["b.txt", "copy.txt"], ["copy.txt", "b.txt"]),
    ],
)
def test_what_was_dropped_comes_back_where_what_it_repeated_is_dropped_itself(
    folder, vocabulary, deduplicate, before, after
):
    words = [f"{first}{second}" for first in "abcdefghij" for second in "abcdefghij"]
    for name, first in (("a", 0), ("b", 12), ("c", 24), ("copy", 12)):
        Path(f"{name}.txt").write_text(" ".join(words[first:]) + "." + "\n" * len(name))
    store(folder / "old", vocabulary, before, deduplicate)
    store(folder / "new", vocabulary, after, deduplicate, old=folder / "old")
    store(folder / "whole", vocabulary, after, deduplicate)
    for name in (*ARRAYS, "sources.jsonl"):
        assert (folder / "new" / name).read_bytes() == (folder / "whole" / name).read_bytes(), name


def test_a_file_is_known_by_what_it_holds_wherever_it_lies(books, vocabulary):
    store(books / "old", vocabulary, ["book*"])
    Path("moved").mkdir()
    Path("book2.txt").rename("moved/x.txt")
    Path("book0.txt").write_text("Changed.\n")
    assert known_of(books / "old", "book*", "moved/*", "later.txt") == {
        "book1.txt",
        "book3.txt",
        "moved/x.txt",
    }


def test_a_store_of_before_and_one_that_was_cut_in_two_know_no_file(books, vocabulary):
    store(books / "old", vocabulary, ["book*"])
    (books / "old/fractions.bin").unlink()
    assert known_of(books / "old", "book*") == set()
    store(books / "single", vocabulary, ["book0.txt"])
    assert known_of(books / "single", "book*") == set()
