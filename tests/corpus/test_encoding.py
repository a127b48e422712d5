"""Documents as token ids: sentences, and what each source gave."""

from collections.abc import Callable

import pytest

from mbert_cli.corpus import encoding
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.encoding import (
    EMPTY,
    WORDLESS,
    SourceCount,
    encode_documents,
    merge_counts,
    split_sentences,
)
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.text.wordpiece import Tokenizer


def test_sentences_are_those_of_the_language():
    sentences = split_sentences(["Mr. Smith paid 3.5 pounds. He ran.", "A list"], "en")
    assert [sentence.strip() for sentence in sentences] == [
        "Mr. Smith paid 3.5 pounds.", "He ran.", "A list",
    ]  # fmt: skip
    assert split_sentences([], "en") == []


def test_what_each_source_gave_is_counted(vocabulary: Vocabulary):
    documents = [
        Document("a#1", ["Ab. C d."], source="a"),
        Document("a#2", [], source="a"),
        Document("b", ["\x07"], source="b", dropped={"rows": 2}),
        Document("b", [], source="b", dropped={"rows": 1}, is_text=False),
        Document("c", ["e"], source="c"),
    ]
    (chunk,) = encode_documents(documents, Tokenizer(vocabulary), StoreOptions())
    assert chunk.sources == [
        SourceCount("a", 1, 2, 6, 8, {EMPTY: 1}),
        SourceCount("b", 0, 0, 0, 1, {WORDLESS: 1, "rows": 3}),
        SourceCount("c", 1, 1, 1, 1, {}),
    ]
    assert len(chunk.fractions) == len(chunk.document_lengths) == 2


@pytest.mark.parametrize("characters", [1, 17, 60])
def test_a_long_document_is_encoded_some_sentences_at_a_time(vocabulary: Vocabulary, monkeypatch, characters):
    documents = [Document("a", [f"Ab {'c' * number}. De {number * 'f'}." for number in range(1, 9)])]
    tokenizer, sizes = Tokenizer(vocabulary), []
    (whole,) = encode_documents(documents, tokenizer, StoreOptions())
    encode = tokenizer.encode
    monkeypatch.setattr(
        tokenizer, "encode", lambda texts: (sizes.append(sum(map(len, texts))), encode(texts))[1]
    )
    monkeypatch.setattr(encoding, "CHUNK_CHARACTERS", characters)
    (chunk,) = encode_documents(documents, tokenizer, StoreOptions())
    assert len(sizes) > 1
    assert max(sizes) <= max(characters, 14)  # or one sentence
    assert chunk.tokens.tolist() == whole.tokens.tolist()
    assert chunk.sentence_lengths.tolist() == whole.sentence_lengths.tolist()
    assert chunk.document_lengths.tolist() == whole.document_lengths.tolist()


def test_neighbours_of_one_source_are_added_up_and_others_are_not():
    one, other = SourceCount("a", 1, 2, 3, 4, {"x": 1}), SourceCount("b", 1, 1, 1, 1)
    assert merge_counts([one, one, other, one]) == [SourceCount("a", 2, 4, 6, 8, {"x": 2}), other, one]


def test_duplicates_are_looked_for_only_when_they_are_asked_for(
    vocabulary: Vocabulary, corpus: Callable[[int], list[Document]]
):
    (chunk,) = encode_documents(corpus(3), Tokenizer(vocabulary), StoreOptions())
    assert chunk.fingerprints is None
