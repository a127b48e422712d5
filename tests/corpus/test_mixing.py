"""Several sources as one corpus: how often documents count, and what a store says of each part."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.corpus.assembly import assemble_store
from mbert_cli.corpus.contents import corpus_contents, growing_keys
from mbert_cli.corpus.corpus import corpus_notes, documents, require_corpus
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import fingerprint_of
from mbert_cli.corpus.growing import hashes_of, known_files
from mbert_cli.corpus.mixing import (
    LEFT_OUT,
    MixPart,
    chosen_documents,
    copies_of,
    portions_of,
    weighted_documents,
)
from mbert_cli.corpus.options import FilesCorpus, MixCorpus, StoreOptions
from mbert_cli.corpus.pieces import cut_into_pieces, encode_pieces
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import UserError
from tests.corpus.store_bits import ARRAYS


def documents_of(count: int) -> list[Document]:
    return [Document(f"{number}", [f"text {number}"]) for number in range(count)]


@pytest.mark.parametrize("weight", [0.25, 0.5, 1.0, 1.5, 2.0, 3.25])
def test_documents_count_by_their_weight_on_average(weight):
    found = documents_of(4000)
    copies = copies_of(np.array([document.hash_fraction for document in found]), weight)
    assert set(copies) == ({int(weight), int(weight) + 1} if weight % 1 else {int(weight)})
    assert copies.mean() == pytest.approx(weight, abs=0.03)
    counted = [document for document in weighted_documents(found, weight) if document.is_text]
    assert len(counted) == copies.sum()
    chosen = [document.name for document in chosen_documents(found, weight) if document.is_text]
    assert chosen == [document.name for document, times in zip(found, copies, strict=True) if times]


def test_what_a_weight_keeps_depends_on_the_document_alone():
    found = documents_of(200)
    kept = [{document.name for document in chosen_documents(each, 0.3) if document.is_text}
            for each in (found, found[::-1], found[50:])]  # fmt: skip
    assert kept[0] == kept[1]
    assert kept[2] == kept[0] & {document.name for document in found[50:]}
    more = {document.name for document in chosen_documents(found, 0.6) if document.is_text}
    assert kept[0] < more


def test_what_a_weight_keeps_has_its_share_of_what_is_held_out():
    fractions = np.array([document.hash_fraction for document in documents_of(20_000)])
    kept = copies_of(fractions, 0.5) > 0
    assert (fractions[kept] < 0.1).mean() == pytest.approx(0.1, abs=0.01)


def test_what_a_weight_leaves_out_is_counted():
    found = list(chosen_documents(documents_of(100), 0.2))
    left_out = [document for document in found if not document.is_text]
    assert len(found) == 100
    assert {tuple(document.dropped.items()) for document in left_out} == {((LEFT_OUT, 1),)}


@pytest.fixture
def sources(empty_folder) -> Path:
    """Twelve books, and lines that have the texts of the first four and of eight others."""
    Path("books").mkdir()
    texts = [f"Ab {chr(97 + number) * 3} cd. Ef." for number in range(20)]
    for number in range(12):
        Path(f"books/{number:02}.txt").write_text(texts[number])
    lines = [
        {"text": text, "score": number} for number, text in enumerate(texts) if number < 4 or number >= 12
    ]
    Path("web.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return empty_folder


def mix(books: float = 1.0, web: float = 1.0, globs="books/*", where=None, **options) -> MixCorpus:
    parts = [
        {"source": "files", "globs": [globs], "weight": books},
        {"source": "files", "globs": ["web.jsonl"], "weight": web, "where": where},
    ]
    return MixCorpus(source="mix", mix=parts, **options)


def store(target: str, vocabulary, corpus, old: str | None = None) -> tuple[TokenStore, int]:
    """A store, and how many of its pieces were known."""
    contents, fingerprint = corpus_contents(corpus, {}), fingerprint_of(corpus.deduplicate)
    pieces = cut_into_pieces(corpus, known_files(Path(old), contents, corpus) if old else None)
    options = StoreOptions(validation_share=0.3)
    encoded = encode_pieces(
        Path(f"{target}-parts"), pieces, vocabulary, options, lambda *_: None, fingerprint
    )
    encoded.require_all()
    parts = [
        part.in_mix(piece.portion.part, piece.portion.weight)
        for piece, part in zip(pieces, encoded.parts, strict=True)
    ]
    Path(target).mkdir()
    hashes, portions = hashes_of(contents), portions_of(corpus)
    assemble_store(Path(target), parts, vocabulary, 0.3, fingerprint, 0.0, hashes, portions)
    return TokenStore(target), encoded.found


@pytest.mark.usefixtures("sources")
def test_a_mix_of_weight_one_has_the_documents_of_its_parts(vocabulary):
    mixed, _ = store("mixed", vocabulary, mix())
    plain, _ = store("plain", vocabulary, FilesCorpus(source="files", globs=["books/*", "web.jsonl"]))
    for name in ARRAYS[:-1]:
        assert (Path("mixed") / name).read_bytes() == (Path("plain") / name).read_bytes(), name
    assert mixed.report.parts == [{"documents": 12, "tokens": 132}, {"documents": 12, "tokens": 132}]
    assert plain.report.parts == []


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize("weight", [2.0, 1.5])
def test_a_document_stands_in_the_store_as_often_as_it_counts(vocabulary, weight):
    found, _ = store("mixed", vocabulary, mix(books=weight, web=0.5))
    fractions = np.fromfile("mixed/fractions.bin")
    books = [document.hash_fraction for document in documents(FilesCorpus(source="files", globs=["books/*"]))]
    copies = copies_of(np.array(books), weight)
    assert found.report.parts[0]["documents"] == copies.sum()
    assert list(fractions[: copies.sum()]) == list(np.repeat(books, copies))
    starts = found.sentence_starts[found.document_starts]
    texts = [tuple(found.tokens[start:stop]) for start, stop in pairwise(starts)]
    assert len(set(texts[: copies.sum()])) == 12
    assert [texts[place] for place in np.flatnonzero(np.diff(fractions) == 0)] == [
        texts[place + 1] for place in np.flatnonzero(np.diff(fractions) == 0)
    ]
    assert found.report.documents == len(texts) == sum(part["documents"] for part in found.report.parts)
    assert not {*fractions[found.held_out]} & {*fractions[~found.held_out]}  # copies are on one side


@pytest.mark.usefixtures("sources")
def test_the_earlier_part_keeps_a_text_of_both(vocabulary):
    found, _ = store("mixed", vocabulary, mix(books=2, deduplicate="exact"))
    assert [part["documents"] for part in found.report.parts] == [24, 8]
    assert found.report.dropped == {"documents that repeat an earlier one": 4}


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize("deduplicate", [None, "exact"])
def test_a_mix_grows_by_files_and_has_the_bits_of_one_made_at_once(vocabulary, deduplicate):
    corpus = mix(books=1.5, web=0.5, deduplicate=deduplicate)
    later = Path("books/05.txt").rename("05.txt")
    store("old", vocabulary, corpus)
    later.rename("books/05.txt")
    _, found = store("grown", vocabulary, corpus, old="old")
    assert found == (11 if deduplicate else 12)  # what was dropped of a later file may be wanted now
    store("whole", vocabulary, corpus)
    for name in ARRAYS:
        assert (Path("grown") / name).read_bytes() == (Path("whole") / name).read_bytes(), name


@pytest.mark.usefixtures("sources")
def test_what_was_encoded_is_encoded_again_only_where_a_weight_reads_less(vocabulary):
    def found(corpus) -> int:
        pieces, options = cut_into_pieces(corpus), StoreOptions()
        return encode_pieces(Path("parts"), pieces, vocabulary, options, lambda *_: None).found

    assert [found(mix()), found(mix(books=3)), found(mix(books=0.5)), found(mix(books=0.5))] == [0, 2, 1, 2]


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("options", "found", "hint"),
    [
        ({"where": "score > 99"}, "rows that corpus.where leaves out: 12", "Correct corpus.mix.1, or take"),
        ({"web": 1e-9}, "documents that the weight of their part leaves out: 12", "Correct corpus.mix.1"),
        ({"where": "score < 4", "deduplicate": "exact"}, "rows that corpus.where leaves out: 8, documents that repeat an earlier one: 4", "Put corpus.mix.1 before the part that has the same documents"),
    ],
)  # fmt: skip
def test_a_part_that_gives_no_document_is_named(vocabulary, options, found, hint):
    with pytest.raises(UserError) as caught:
        store("mixed", vocabulary, mix(**options))
    assert caught.value.message == (
        f"Each part of corpus.mix must give a document. Received: corpus.mix.1 (web.jsonl) with no document ({found})"
    )
    assert caught.value.hint.startswith(hint)


@pytest.mark.usefixtures("sources")
def test_a_part_without_files_is_named_before_anything_is_read():
    with pytest.raises(UserError, match=r"A pattern of corpus\.mix\.0\.globs must match a file") as caught:
        require_corpus(mix(globs="nothing/*"))
    assert caught.value.hint.startswith("Set corpus.mix.0.globs to the files to read")
    Path("books/link.txt").symlink_to("00.txt")
    assert corpus_notes(mix())[0].startswith("corpus.mix.0.globs: A file counts once: books/link.txt")


@pytest.mark.usefixtures("sources")
def test_a_file_that_several_parts_have_is_named_where_it_counts_in_each():
    assert corpus_notes(mix()) == []
    assert corpus_notes(mix(globs="web.jsonl")) == ["corpus.mix: web.jsonl counts in several parts"]
    assert corpus_notes(mix(globs="web.jsonl", deduplicate="exact")) == []
    shared = MixCorpus(source="mix", mix=[{"source": "files", "globs": ["books/*"]}] * 2)
    (note,) = corpus_notes(shared)
    assert note.endswith(" and 11 more count in several parts")


@pytest.mark.usefixtures("sources")
def test_a_mix_is_as_large_as_its_parts_count():
    books, web = (
        sum(file.stat().st_size for file in Path("books").iterdir()),
        Path("web.jsonl").stat().st_size,
    )
    assert require_corpus(mix(books=2, web=0.5)) == round(2 * books + 0.5 * web)
    docs = {"source": "installed_docs", "packages": ["rich"]}
    assert require_corpus(MixCorpus(source="mix", mix=[docs])) is None


def test_parts_are_named_by_key_and_place():
    corpus = MixCorpus(source="mix", mix=[
        {"source": "tfds", "dataset": "wikipedia/en"}, {"source": "installed_docs", "weight": 2},
        {"source": "files", "globs": ["a", "b"]}])  # fmt: skip
    assert [portion.name for portion in portions_of(corpus)] == [
        "corpus.mix.0 (wikipedia/en)", "corpus.mix.1 (installed documentation)", "corpus.mix.2 (a, b)"
    ]  # fmt: skip
    assert growing_keys(corpus) == ("corpus.mix.2.globs",)
    single = FilesCorpus(source="files", globs=["a"])
    assert portions_of(single) == [MixPart(single)]
    assert growing_keys(single) == ("corpus.globs",)
