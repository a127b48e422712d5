"""The nearest words by the direction of their vectors."""

import numpy as np
import pytest

from mbert_cli.augment import word_vectors
from mbert_cli.augment.word_vectors import WordVectors

TURN = {"good": 0, "nice": 10, "fine": 25, "bad": 90, "Good": 1, "GOOD": 2, "Nice": 11, "1990": 3, "s": 4}


def on_a_circle(**degrees: float) -> WordVectors:
    """Words at angles, with vectors of different lengths, which do not count."""
    angles = np.radians(list(degrees.values()))
    lengths = np.arange(1, len(angles) + 1)[:, None]
    return WordVectors(
        list(degrees), np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32) * lengths
    )


def test_neighbours_come_by_their_angle_without_the_word_itself_in_any_case():
    table = on_a_circle(**TURN)
    assert table.nearest(["good", "bad"], 2) == {"good": ["nice", "fine"], "bad": ["fine", "Nice"]}
    assert table.nearest(["good"], 9) == {"good": ["nice", "fine", "bad"]}


def test_a_word_is_looked_up_as_it_is_written_then_in_lower_case():
    table = on_a_circle(good=0, Good=80, nice=10, bad=90)
    assert table.nearest(["Good", "NICE", "gone"], 1) == {"Good": ["bad"], "NICE": ["good"]}


def test_words_without_a_direction_and_what_is_no_word_are_dropped():
    table = WordVectors(
        ["good", "zero", "1990", ".", "nice"], np.array([[1, 0], [0, 0], [1, 0], [1, 0], [1, 1]], "f")
    )
    assert table.words == ["good", "nice"]
    assert np.linalg.norm(table.directions, axis=1) == pytest.approx(1)


@pytest.mark.parametrize(("rows", "count"), [(1000, 15), (999, 3), (40, 15), (40, 40), (1, 1)])
def test_the_largest_are_those_of_a_full_sort(rows, count):
    numbers = np.random.default_rng(rows).normal(size=(6, rows)).astype(np.float32).round(2)
    found = np.array(list(word_vectors._largest(numbers, count)))
    assert found.tolist() == np.argsort(-numbers, axis=1, kind="stable")[:, :count].tolist()


def test_many_words_in_blocks_have_the_neighbours_that_each_has_alone(monkeypatch):
    monkeypatch.setattr(word_vectors, "_BLOCK_NUMBERS", 2000)
    numbers = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    table = WordVectors([f"w{'abcdefghij'[i // 50]}{'x' * (i % 50 + 1)}" for i in range(500)], numbers)
    together = table.nearest(table.words[:20], 5)
    assert len(together) == 20
    assert all(together[word] == table.nearest([word], 5)[word] for word in table.words[:20])


def test_stop_words_are_nobodys_neighbours():
    assert on_a_circle(**TURN).nearest(["good"], 2, frozenset({"nice"})) == {"good": ["fine", "bad"]}
