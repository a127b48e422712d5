"""Candidates of many texts: from whom each word has them, and what a next session finds there."""

import numpy as np
import pytest

from mbert_cli.augment import candidates
from mbert_cli.augment.candidates import Candidates, CandidateSearch, DistinctTexts
from mbert_cli.augment.filling import PieceFiller
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.text.wordpiece import Tokenizer

TEXTS = ["The Movie was good", "a poor actor", "The Movie was good", "splendid plot", "."] * 2
STOP = frozenset({"the", "was"})
OPTIONS = AugmentOptions(candidates=3)
TABLE = WordVectors(
    ["splendid", "good", "great", "actor", "actress", "poor"],
    np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.3, 1]], np.float32),
)


@pytest.fixture
def found() -> DistinctTexts:
    return DistinctTexts(TEXTS, STOP)


def shown(candidates: Candidates, text: str) -> dict[str, list[str]]:
    return {
        text[choice.word.first : choice.word.end]: list(choice.candidates) for choice in candidates.of(text)
    }


def filled(folder, found, model, watch=lambda done: None):
    search = CandidateSearch(folder, found, 3)
    return search.fill(PieceFiller(model, OPTIONS, STOP), watch)


def test_equal_texts_count_once(found):
    assert found.texts == ["The Movie was good", "a poor actor", "splendid plot", "."]
    assert len(found) == 4


def test_words_of_one_piece_have_candidates_of_the_masked_lm_and_others_neighbours(tmp_path, found, model):
    search, tokenizer = CandidateSearch(tmp_path, found, 3), Tokenizer(model.vocabulary)
    neighbours = search.neighbours(lambda: TABLE, tokenizer)
    assert neighbours == {"actor": ["actress", "poor", "great"], "splendid": ["good", "great", "poor"]}
    both = Candidates(found, filled(tmp_path, found, model), neighbours)
    assert shown(both, "splendid plot")["splendid"] == ["good", "great", "poor"]
    movie = shown(both, "The Movie was good")["Movie"]
    assert len(movie) == 3
    assert all(word.istitle() and word.lower() in model.vocabulary.ids for word in movie)
    assert shown(both, ".") == {}


def test_without_vectors_words_of_several_pieces_stay(tmp_path, found, model):
    alone = Candidates(found, filled(tmp_path, found, model), {})
    assert list(shown(alone, "a poor actor")) == ["poor"]


def test_without_a_masked_lm_all_words_have_neighbours(tmp_path, found):
    neighbours = CandidateSearch(tmp_path, found, 2).neighbours(lambda: TABLE, None)
    assert set(neighbours) == {"good", "poor", "actor", "splendid"}
    assert shown(Candidates(found, None, neighbours), "a poor actor") == {
        "poor": ["actress", "actor"],
        "actor": ["actress", "poor"],
    }


def test_a_session_goes_on_where_the_last_one_was_stopped(tmp_path, found, model, monkeypatch):
    monkeypatch.setattr(candidates, "PIECE_TEXTS", 2)
    whole = filled(tmp_path / "whole", found, model)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled(tmp_path / "parts", found, model, stop)
    assert CandidateSearch(tmp_path / "parts", found, 3).done == 2
    told: list[int] = []
    parts = filled(tmp_path / "parts", found, model, told.append)
    assert told == [4]
    for text in found.texts:
        assert shown(Candidates(found, parts, {}), text) == shown(Candidates(found, whole, {}), text)
    files = [sorted(file.read_bytes() for file in (tmp_path / name).iterdir()) for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_neighbours_that_are_there_are_not_looked_up_again(tmp_path, found):
    search = CandidateSearch(tmp_path, found, 2)
    first = search.neighbours(lambda: TABLE, None)
    assert search.neighbours(pytest.fail, None) == first


def test_what_is_damaged_is_found_again(tmp_path, found, model, monkeypatch):
    monkeypatch.setattr(candidates, "PIECE_TEXTS", 2)
    filled(tmp_path, found, model)
    neighbours = CandidateSearch(tmp_path, found, 3).neighbours(lambda: TABLE, None)
    whole = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert len(whole) == 3
    for file, data in whole.items():
        file.write_bytes(data[: len(data) // 2])
    assert CandidateSearch(tmp_path, found, 3).done == 0
    filled(tmp_path, found, model)
    assert CandidateSearch(tmp_path, found, 3).neighbours(lambda: TABLE, None) == neighbours
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == whole
