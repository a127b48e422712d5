"""Disk, memory and extras of a training on a token store."""

from pathlib import Path

import pytest

from mbert_cli.model.cost import count_head_parameters, count_parameters, training_bytes
from mbert_cli.model.options import SIZES
from mbert_cli.preflight import pretraining_needs
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.pretraining_needs import USUAL_VOCABULARY, look_at_pretraining
from mbert_cli.recipe.loading import load
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary

STUDENT = SIZES["mobilebert_laptop"]
VOCABULARY = Vocabulary((*LEADING_TOKENS, "a"))


@pytest.fixture
def looked(monkeypatch):
    """What is asked of the machine: parameters on the disk, and bytes of a step."""
    asked = {}
    monkeypatch.setattr(
        pretraining_needs,
        "look_at_training_disk",
        lambda _, run, parameters, options: asked.update(disk=(run, parameters)),
    )
    monkeypatch.setattr(
        pretraining_needs, "look_at_memory", lambda _, needed, *rows: asked.update(memory=(needed, *rows))
    )

    def look(*settings: str, vocabulary: Vocabulary | None = VOCABULARY, **network):
        recipe = load("distill", settings=settings).recipe
        inspection = Inspection(goes_on=True)
        look_at_pretraining(inspection, Path("runs/x"), recipe, STUDENT, vocabulary, **network)
        return asked, inspection.findings

    return look


@pytest.mark.parametrize(("vocabulary", "size"), [(VOCABULARY, VOCABULARY.size), (None, USUAL_VOCABULARY)])
def test_parameters_are_those_of_encoder_and_heads_with_the_vocabulary_or_a_usual_one(
    looked, vocabulary, size
):
    asked, _ = looked(vocabulary=vocabulary)
    assert asked["disk"] == (
        Path("runs/x"), count_parameters(STUDENT, size) + count_head_parameters(STUDENT, size),
    )  # fmt: skip


def test_a_step_holds_the_network_and_what_is_beside_it(looked):
    settings = ("train.batch_size=8", "data.sequence_length=64", "data.max_predictions=10")
    alone = training_bytes(STUDENT, VOCABULARY.size, 8, 64, 10, 4)
    assert looked(*settings)[0]["memory"] == (alone, 8, 64)
    both = looked(*settings, beside=lambda vocab_size: 1000 * vocab_size)[0]["memory"]
    assert both == (alone + 1000 * VOCABULARY.size, 8, 64)


def test_an_encoder_that_predicts_nothing_has_no_heads(looked):
    asked, _ = looked("train.batch_size=8", "data.sequence_length=64", predicts=False)
    assert asked["disk"][1] == count_parameters(STUDENT, VOCABULARY.size)
    assert asked["memory"] == (training_bytes(STUDENT, VOCABULARY.size, 8, 64, 0, 4), 8, 64)


def test_an_extra_is_looked_at_where_the_recipe_wants_it(looked):
    assert looked()[1] == []
    (finding,) = looked("train.tensorboard=true")[1]
    assert finding.name == "extra tensorboard"
