"""Recipes that older versions recorded."""

import pytest

from mbert_cli.distill.options import AuxiliaryOptions, JointOptions, ProgressiveOptions
from mbert_cli.recipe.loading import load
from mbert_cli.runs.older_recipes import renewed

RECORDED = {
    "seed": 0,
    "teacher": "runs/t",
    "distill": {
        "strategy": "progressive",
        "transfer_steps": 600,
        "pretraining_steps": 900,
        "transfer_learning_rate": None,
        "factors": {"feature_map": 100.0, "feature_mean": 5000.0, "feature_variance": 5.0, "attention": 1.0},
        "ground_truth_ratio": 0.5,
        "temperature": 1.0,
        "layer_map": None,
        "warm_start": ["embeddings", "masked_language_model", "next_sentence"],
        "progressive": {"finished_layer_scale": 0.1, "warmup_rate": 0.1},
    },
}
"""What version 0.1 recorded for the quickstart, without the sections that are as they were."""


@pytest.mark.parametrize(
    ("strategy", "options"),
    [("progressive", ProgressiveOptions), ("joint", JointOptions), ("auxiliary", AuxiliaryOptions)],
)
def test_what_version_0_1_recorded_is_what_the_quickstart_says_now(strategy, options):
    recorded = {**RECORDED, "distill": {**RECORDED["distill"], "strategy": strategy}}
    now = load("distill", "quickstart", [f"distill.strategy={strategy}"]).values()["distill"]
    assert renewed(recorded)["distill"] == now
    assert set(now) == set(options.model_fields)
    assert renewed(recorded)["teacher"] == "runs/t"


def test_what_was_set_by_hand_is_kept():
    distill = {**RECORDED["distill"], "progressive": {"finished_layer_scale": 0.0, "warmup_rate": 0.3}}
    found = renewed({"distill": distill})["distill"]
    assert (found["finished_layer_scale"], found["warmup_rate"]) == (0.0, 0.3)


@pytest.mark.parametrize(
    "recipe", [{}, {"seed": 1}, {"distill": None}, {"distill": {"strategy": "joint", "temperature": 2.0}}]
)
def test_other_recipes_stay_as_they_are(recipe):
    assert renewed(recipe) == recipe
