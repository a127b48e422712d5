"""Parts of a corpus on disk."""

import numpy as np
import pytest

from mbert_cli.corpus import parts as corpus_parts
from mbert_cli.corpus.encoding import EncodedChunk, SourceCount
from mbert_cli.corpus.parts import CorpusPart, DocumentBlock, write_part


def chunk(
    first: int, sentence_lengths: list[int], document_lengths: list[int], name: str = "a"
) -> EncodedChunk:
    tokens = np.arange(first, first + sum(sentence_lengths), dtype=np.uint16)
    count = len(document_lengths)
    return EncodedChunk(
        tokens, np.array(sentence_lengths, np.int64), np.array(document_lengths, np.int64),
        np.linspace(0, 0.9, count), np.full((count, 2), first, np.uint64),
        [SourceCount(name, count, len(sentence_lengths), len(tokens), 10)],
    )  # fmt: skip


CHUNKS = [chunk(0, [2, 3, 1], [2, 1]), chunk(6, [], []), chunk(6, [4], [1]), chunk(10, [1, 1], [2], "b")]


@pytest.fixture
def part(tmp_path) -> CorpusPart:
    for _ in write_part(tmp_path, CHUNKS, has_fingerprints=True):
        pass
    return CorpusPart.open(tmp_path, np.uint16)


def lists(block: DocumentBlock) -> tuple[list[int], list[int], list[int]]:
    return block.tokens.tolist(), block.sentence_lengths.tolist(), block.document_lengths.tolist()


def test_a_part_has_the_documents_of_all_chunks_in_order(part):
    ((places, block),) = part.blocks()
    assert places == slice(0, 4)
    assert lists(block) == (list(range(12)), [2, 3, 1, 4, 1, 1], [2, 1, 1, 2])
    assert part.sources == [SourceCount("a", 3, 4, 10, 30), SourceCount("b", 1, 2, 2, 10)]
    assert [lengths.tolist() for lengths in part.lengths()] == [[2, 1, 1, 2], [5, 1, 4, 2]]
    assert part.fingerprints[:, 0].tolist() == [0, 0, 6, 10]


@pytest.mark.parametrize(("tokens", "stops"), [(1, [1, 2, 3, 4]), (6, [2, 4]), (10, [3, 4]), (100, [4])])
def test_memory_holds_so_many_tokens_at_once_or_one_document(part, monkeypatch, tokens, stops):
    monkeypatch.setattr(corpus_parts, "BLOCK_TOKENS", tokens)
    blocks = list(part.blocks())
    assert [places.stop for places, _ in blocks] == stops
    assert np.concatenate([block.tokens for _, block in blocks]).tolist() == list(range(12))


def test_documents_that_do_not_count_are_left_out(part):
    ((_, block),) = part.blocks()
    (kept,) = block.repeated(np.array([1, 0, 0, 1]))
    assert lists(kept) == ([0, 1, 2, 3, 4, 10, 11], [2, 3, 1, 1], [2, 2])
    assert lists(next(block.repeated(np.zeros(4, int)))) == ([], [], [])
    assert next(block.repeated(np.ones(4, int))) is block


@pytest.mark.parametrize("block_tokens", [1, 6, 1000])
def test_documents_come_as_often_as_they_count(part, monkeypatch, block_tokens):
    monkeypatch.setattr(corpus_parts, "BLOCK_TOKENS", 1000)
    ((_, block),) = part.blocks()
    monkeypatch.setattr(corpus_parts, "BLOCK_TOKENS", block_tokens)
    found = [lists(one) for one in block.repeated(np.array([2, 0, 3, 1]))]
    once = [lists(next(block.repeated(np.arange(4) == number))) for number in (0, 0, 2, 2, 2, 3)]
    for place in range(3):
        assert [number for one in found for number in one[place]] == [
            number for one in once for number in one[place]
        ]
    assert (len(found) > 1) == (block_tokens < 1000)


def test_a_part_without_documents_can_be_opened(tmp_path):
    assert list(write_part(tmp_path, [])) == []
    part = CorpusPart.open(tmp_path, np.uint16)
    assert (list(part.blocks()), part.sources, len(part.fractions)) == ([], [], 0)


def test_a_part_whose_writing_failed_is_not_complete(tmp_path):
    def failing():
        yield CHUNKS[0]
        raise ValueError("unreadable")

    with pytest.raises(ValueError, match="unreadable"):
        list(write_part(tmp_path, failing(), has_fingerprints=True))
    assert not (tmp_path / "part.json").exists()
