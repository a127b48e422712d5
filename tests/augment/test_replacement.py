"""Copies of an example: what is replaced, how often, and what stays as it was."""

import numpy as np
import pytest

from mbert_cli.augment.candidates import ReplaceableWord
from mbert_cli.augment.replacement import COPIES, OTHER_COPIES, draws_of, replaced_copies
from mbert_cli.augment.words import Word
from mbert_cli.examples.glue import GLUE

TEXT = "  A Great\tmovie -- it's  good! "
CHOICES = [
    ReplaceableWord(Word(4, 9), ["Fine", "Nice"]),
    ReplaceableWord(Word(10, 15), ["film", "picture"]),
    ReplaceableWord(Word(25, 29), ["bad"]),
]


def copies(count=50, probability=0.4, seed=0, texts=(TEXT,), choices=(CHOICES,)):
    return replaced_copies(texts, choices, count, probability, draws_of(seed, 0))


def test_the_places_are_those_of_the_words():
    assert [TEXT[choice.word.first : choice.word.end] for choice in CHOICES] == ["Great", "movie", "good"]


def test_all_but_the_words_stays_as_it_was():
    assert copies(1, 1.0, seed=1) in (
        [(f"  A {great}\t{movie} -- it's  bad! ",)]
        for great in ("Fine", "Nice")
        for movie in ("film", "picture")
    )
    for (text,) in copies():
        assert text.startswith("  A ")
        assert "\t" in text
        assert " -- it's  " in text
        assert text.endswith("! ")


def test_no_copy_is_there_twice_and_none_is_the_example():
    found = copies(500)
    assert len(found) == len(set(found)) == 3 * 3 * 2 - 1
    assert (TEXT,) not in found


@pytest.mark.parametrize("probability", [0.1, 0.4, 0.9])
def test_each_word_is_replaced_with_the_probability(probability):
    choices = [
        ReplaceableWord(Word(0, 1), [f"x{n}" for n in range(10**6)]),
        ReplaceableWord(Word(2, 3), [f"y{n}" for n in range(10**6)]),
    ]
    found = replaced_copies(["a b"], [choices], 4000, probability, draws_of(3, 0))
    both = sum(text[0].startswith("x") and " y" in text[0] for text in found)
    first = sum(text[0].startswith("x") for text in found)
    assert first / 4000 == pytest.approx(probability, abs=0.03)
    assert both / 4000 == pytest.approx(probability**2, abs=0.03)


def test_nothing_and_everything_are_probabilities_too():
    assert copies(probability=0.0) == []
    assert all("bad" in text for (text,) in copies(probability=1.0))
    assert copies(choices=([],)) == []


def test_the_texts_of_a_pair_are_replaced_independently():
    one = [ReplaceableWord(Word(0, 1), ["x"])]
    found = replaced_copies(["a", "a"], [one, one], 100, 0.5, draws_of(0, 0))
    assert sorted(found) == [("a", "x"), ("x", "a"), ("x", "x")]
    assert replaced_copies(["a", "b"], [[], one], 100, 0.5, draws_of(0, 0)) == [("a", "x")]


def test_seed_and_example_decide_what_is_drawn():
    assert copies(seed=1) == copies(seed=1) != copies(seed=2)
    assert not np.array_equal(draws_of(0, 1).random(4), draws_of(0, 2).random(4))


def test_copies_by_task_are_those_of_the_authors():
    assert {name: COPIES.get(name, OTHER_COPIES) for name in GLUE} == {
        "cola": 30, "sst2": 20, "mrpc": 30, "stsb": 30, "qqp": 10, "mnli": 10, "qnli": 20, "rte": 30, "wnli": 30,
    }  # fmt: skip
