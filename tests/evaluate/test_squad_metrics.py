"""Figures of SQuAD, worked out by hand."""

import pytest

from mbert_cli.evaluate.squad_metrics import (
    f1_of_words,
    normalize_answer,
    squad_v1_figures,
    squad_v2_best,
    squad_v2_figures,
    squad_v2_scores,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat,\tand a\u00a0dog!", "cat and dog"),
        ("an A the THE", ""),
        ("Anthem another", "anthem another"),
        ("a-b", "ab"),  # punctuation goes first, so this is no article
        ("the.cat", "thecat"),
        ("a\u2013b", "\u2013b"),  # a dash outside ASCII stays, and parts words
        ("Café É", "café é"),
        ("U.S.$5", "us5"),
        ("", ""),
    ],
)
def test_answers_are_compared_without_case_punctuation_articles_and_blanks(text, normal):
    assert normalize_answer(text) == normal


def test_f1_counts_each_word_as_often_as_it_occurs():
    assert f1_of_words(["x", "x", "y"], ["x", "z"]) == 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)
    assert f1_of_words(["x", "x"], ["x", "x"]) == 1
    assert f1_of_words(["y"], ["x"]) == 0
    assert f1_of_words([], []) == f1_of_words(["x"], []) == 0


def test_version_1_takes_the_right_answer_that_fits_best():
    answers = {"1": ["red car", "the red"], "2": ["blue"], "3": ["x y z"]}
    figures = squad_v1_figures({"1": "Red!", "2": "green", "3": "x y w"}, answers)
    assert figures == {"exact_match": 100 * 1 / 3, "f1": 100 * (1 + 0 + 2 / 3) / 3}


def test_version_1_counts_a_question_without_prediction_as_wrong():
    assert squad_v1_figures({"2": "b"}, {"1": ["a b"], "2": ["b"]}) == {"exact_match": 50.0, "f1": 50.0}
    assert squad_v1_figures({}, {"1": ["x"]}) == {"exact_match": 0.0, "f1": 0.0}


def test_version_1_gives_no_f1_where_nothing_is_left_of_both():
    assert squad_v1_figures({"1": "the"}, {"1": ["a"]}) == {"exact_match": 100.0, "f1": 0.0}


def test_version_2_gives_f1_where_nothing_is_left_of_both():
    answers = {"silent": [], "article": ["the"], "wrong": [], "missed": ["x"]}
    predictions = {"silent": "", "article": "", "wrong": "x", "missed": ""}
    expected = {"silent": 1.0, "article": 1.0, "wrong": 0.0, "missed": 0.0}
    assert squad_v2_scores(predictions, answers) == (expected, expected)


def test_version_2_ignores_right_answers_of_which_nothing_is_left():
    assert squad_v2_scores({"1": ""}, {"1": ["the", "x"]}) == ({"1": 0.0}, {"1": 0.0})


def test_version_2_leaves_a_question_without_prediction_out():
    figures = squad_v2_figures({"1": "x"}, {"1": ["x"], "2": ["y"], "3": []})
    assert figures == {
        "exact": 100.0, "f1": 100.0, "total": 1,
        "HasAns_exact": 100.0, "HasAns_f1": 100.0, "HasAns_total": 1,
    }  # fmt: skip


def test_version_2_has_figures_for_questions_with_and_without_answer():
    answers = {"1": ["x y"], "2": ["x"], "3": [], "4": []}
    figures = squad_v2_figures({"1": "x", "2": "x", "3": "", "4": "z"}, answers)
    two_thirds = 2 * 1.0 * 0.5 / 1.5
    assert figures == {
        "exact": 50.0, "f1": 100 * (two_thirds + 2) / 4, "total": 4,
        "HasAns_exact": 50.0, "HasAns_f1": 100 * (two_thirds + 1) / 2, "HasAns_total": 2,
        "NoAns_exact": 50.0, "NoAns_f1": 50.0, "NoAns_total": 2,
    }  # fmt: skip
    assert "NoAns_exact" not in squad_v2_figures({"1": "x"}, {"1": ["x"]})


def test_the_best_figures_are_those_at_their_thresholds():
    answers = {"1": ["x"], "2": ["x y"], "3": [], "4": []}
    predictions = {"1": "x", "2": "x", "3": "z", "4": ""}
    differences = {"1": -3.0, "2": 2.0, "3": 3.0, "4": -5.0}
    best = squad_v2_best(predictions, answers, differences)
    f1 = 100 * (2 + 1 + 2 * 1.0 * 0.5 / 1.5) / 4
    assert best == {"best_exact": 75.0, "best_exact_thresh": -3.0, "best_f1": f1, "best_f1_thresh": 2.0}
    for name in ("exact", "f1"):
        threshold = best[f"best_{name}_thresh"]
        given = {key: "" if differences[key] > threshold else text for key, text in predictions.items()}
        figures = squad_v2_figures(given, answers)
        assert figures[name] == best[f"best_{name}"]
