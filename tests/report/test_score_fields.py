"""Scores in the record of a page."""

from mbert_cli.report.score_fields import score_fields, set_fields
from mbert_cli.weights.description import SetDescription

SET = SetDescription(digest="3f9a1c02aaaaaaaa", examples=872)


def test_a_score_stands_with_its_name_its_deviation_and_its_set():
    assert score_fields("accuracy", 2 / 3, 0.01, SET) == {
        "name": "accuracy", "value": 2 / 3, "deviation": 0.01, "examples": 872, "set": "3f9a1c02aaaaaaaa",
    }  # fmt: skip


def test_what_was_not_recorded_is_null_and_no_score_is_none():
    assert set_fields(None) == {"examples": None, "set": None}
    assert score_fields("accuracy", None, None, SET) is None
    assert score_fields("accuracy", 0.0, None, None)["value"] == 0.0
