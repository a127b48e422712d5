"""What takes part in a training on a token store, and whether there is room for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training
from mbert_cli.model.options import SIZES
from mbert_cli.preflight import machine
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.pretraining_needs import HEADS, look_at_pretraining, training_of
from mbert_cli.recipe.loading import load

STUDENT, TEACHER = SIZES["mobilebert_laptop"], Network(SIZES["ib_bert_laptop"], 100, HEADS)
SETTINGS = ("train.batch_size=8", "data.sequence_length=64")
PREDICTIONS = "data.max_predictions=7"


def taught(strategy: str, *settings: str) -> Training:
    recipe = load("distill", settings=[*SETTINGS, f"distill.strategy={strategy}", *settings]).recipe
    return training_of(recipe, STUDENT, 100, TEACHER)


def test_a_teacher_trains_with_both_heads_and_learns_from_nobody():
    training = training_of(load("train-teacher", settings=[*SETTINGS, PREDICTIONS]).recipe, TEACHER.size, 100)
    assert training == Training("teacher", TEACHER, 8, {64: 1.0}, 7)


@pytest.mark.parametrize(
    ("strategy", "settings", "heads", "predictions"),
    [
        ("progressive", [PREDICTIONS], HEADS, 7),
        ("general", [], (), 0),
        ("distilbert", [PREDICTIONS], HEADS[:1], 7),
    ],
)
def test_a_student_has_the_heads_of_its_strategy(strategy, settings, heads, predictions):
    training = taught(strategy, *settings)
    assert training == Training("student", Network(STUDENT, 100, heads), 8, {64: 1.0}, predictions, TEACHER)


def test_projections_and_repeated_blocks_are_as_the_recipe_wants():
    training = taught("general", "distill.projections=per_place", "train.rematerialize=true")
    assert training == replace(taught("general"), sharing="per_place", repeats_blocks=True)


@pytest.fixture
def findings(monkeypatch):
    """What is found for a training without stages, where there is room for everything."""
    monkeypatch.setattr(machine, "require_disk", lambda path, size_bytes: None)
    monkeypatch.setattr(machine, "judge_memory", lambda needed, rows, what: (what, False))

    def find(*settings: str) -> dict[str, str]:
        recipe = load("distill", settings=[*SETTINGS, *settings]).recipe
        inspection = Inspection(goes_on=True)
        look_at_pretraining(inspection, Path("runs/x"), recipe, taught("progressive"), ())
        return {finding.name: finding.text for finding in inspection.findings}

    return find


def test_disk_memory_and_extras_are_looked_at_where_stages_were_refused(findings):
    assert list(findings()) == ["disk", "memory"]
    assert findings()["memory"] == "batches of 8 x 64 tokens"
    assert list(findings("train.tensorboard=true")) == ["disk", "memory", "extra tensorboard"]


def test_devices_that_divide_a_model_divide_its_teacher(findings, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert findings("hosts.model_parallel=2")["division"] == (
        "2 devices divide each layer of the network and the teacher"
    )
