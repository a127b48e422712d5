"""Recipes that older versions recorded."""

import pytest

from mbert_cli.runs.older_recipes import renewed

RECORDED = {
    "strategy": "progressive",
    "transfer_steps": 600,
    "transfer_learning_rate": None,
    "progressive": {"finished_layer_scale": 0.0, "warmup_rate": 0.3},
}
"""A part of what version 0.1 recorded for every strategy."""


@pytest.mark.parametrize(
    ("strategy", "others"),
    [
        ("progressive", {"transfer_learning_rate": None, "finished_layer_scale": 0.0, "warmup_rate": 0.3}),
        ("joint", {"transfer_learning_rate": None}),
        ("auxiliary", {"transfer_learning_rate": None}),
    ],
)
def test_of_the_keys_of_all_strategies_those_are_kept_that_count(strategy, others):
    found = renewed({"teacher": "runs/t", "distill": {**RECORDED, "strategy": strategy}})
    assert found == {"teacher": "runs/t", "distill": {"strategy": strategy, "transfer_steps": 600, **others}}


@pytest.mark.parametrize(
    "recipe", [{}, {"seed": 1}, {"distill": None}, {"distill": {"strategy": "joint", "temperature": 2.0}}]
)
def test_other_recipes_stay_as_they_are(recipe):
    assert renewed(recipe) == recipe


def test_the_column_of_a_corpus_has_its_new_name():
    corpus = {"source": "files", "globs": ["a.jsonl"], "text_field": "body"}
    assert renewed({"corpus": corpus}) == {
        "corpus": {"source": "files", "globs": ["a.jsonl"], "text": "body"}
    }
