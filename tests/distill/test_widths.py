"""Which projection is used at which place."""

import pytest

from mbert_cli.distill.pair import PROJECTED_LOSSES
from mbert_cli.distill.widths import OF_HIDDEN_STATES, name_projections
from mbert_cli.train.stage import Comparison

COMPARE = [
    Comparison(0, 0, ("hidden_states",)),
    Comparison(2, 1, ("hidden_cosine", "attention")),
    Comparison(4, 2, ("attention_scores", "attention_relations")),
    Comparison(6, 3, ("feature_map",)),
    Comparison(None, None, ("pretraining_distillation",)),
]


@pytest.mark.parametrize(
    ("sharing", "names"),
    [
        ("shared", {0: "projection", 1: "projection", 3: "projection"}),
        ("per_place", {0: "embedding_projection", 1: "layer_00_projection", 3: "layer_02_projection"}),
        ("embeddings_and_layers", {0: "embedding_projection", 1: "layer_projection", 3: "layer_projection"}),
    ],
)
def test_places_whose_hidden_states_are_compared_have_the_projection_that_the_recipe_says(sharing, names):
    assert name_projections(COMPARE, 9, 6, sharing) == names
    assert list(name_projections(COMPARE[::-1], 9, 6, sharing)) == sorted(names)


@pytest.mark.parametrize("sharing", ["shared", "per_place", "embeddings_and_layers"])
def test_equal_widths_need_none(sharing):
    assert name_projections(COMPARE, 6, 6, sharing) == {}


def test_the_losses_of_hidden_states_are_known_without_keras():
    assert set(OF_HIDDEN_STATES) == set(PROJECTED_LOSSES)
