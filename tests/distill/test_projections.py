"""Projections from a student's width to its teacher's, and that they never ship."""

import keras
import numpy as np
import pytest

from mbert_cli.distill.projections import build_projections
from mbert_cli.train.stage import Comparison


def network_of(width: int) -> keras.Model:
    states = keras.Input((None, width), name="states")
    return keras.Model({"states": states}, {"hidden_states": [states, states]})


HIDDEN, ATTENTION = Comparison(2, 1, ("feature_map", "attention")), Comparison(2, 1, ("attention",))
EMBEDDINGS = Comparison(0, 0, ("feature_map",))


@pytest.mark.parametrize(
    ("compare", "names"),
    [
        ([HIDDEN, Comparison(4, 2, ("feature_map",))], ["layer_projection"]),
        ([EMBEDDINGS, HIDDEN], ["embedding_projection", "layer_projection"]),
        (
            [EMBEDDINGS, ATTENTION, Comparison(None, None, ("pretraining_distillation",))],
            ["embedding_projection"],
        ),
    ],
)
def test_one_is_built_for_embeddings_and_one_for_layers_where_hidden_states_are_compared(compare, names):
    projections = build_projections(compare, network_of(9), network_of(6), seed=3)
    assert list(projections) == names
    for name, projection in projections.items():
        assert [weight.path for weight in projection.weights] == [f"{name}/kernel", f"{name}/bias"]
        assert projection(np.ones((2, 5, 6))).shape == (2, 5, 9)


def test_equal_widths_need_none():
    assert build_projections([EMBEDDINGS, HIDDEN], network_of(6), network_of(6), seed=3) == {}


def test_what_is_drawn_depends_on_the_seed_alone():
    kernels = [
        build_projections([HIDDEN], network_of(9), network_of(6), seed)["layer_projection"].kernel.numpy()
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
