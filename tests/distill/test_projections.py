"""Projections from a student's width to its teacher's, and that they never ship."""

import numpy as np
import pytest

from mbert_cli.distill.projections import build_projections
from mbert_cli.train.stage import Comparison

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
    projections = build_projections(compare, 9, 6, seed=3)
    assert sorted({projection.name for projection in projections.values()}) == names
    for projection in projections.values():
        name = projection.name
        assert [weight.path for weight in projection.weights] == [f"{name}/kernel", f"{name}/bias"]
        assert projection(np.ones((2, 5, 6))).shape == (2, 5, 9)


@pytest.mark.parametrize(
    ("sharing", "names"),
    [
        ("shared", ["projection"] * 3),
        ("embeddings_and_layers", ["embedding_projection", "layer_projection", "layer_projection"]),
        ("per_place", ["embedding_projection", "layer_00_projection", "layer_01_projection"]),
    ],
)
def test_a_recipe_says_which_places_share_one(sharing, names):
    compare = [EMBEDDINGS, Comparison(3, 1, ("hidden_states",)), Comparison(6, 2, ("hidden_cosine",))]
    projections = build_projections(compare, 9, 6, 3, sharing)
    assert [projection.name for projection in projections.values()] == names
    assert list(projections) == [0, 1, 2]
    assert len({id(projection) for projection in projections.values()}) == len(set(names))


def test_equal_widths_need_none():
    assert build_projections([EMBEDDINGS, HIDDEN], 6, 6, seed=3) == {}


def test_what_is_drawn_depends_on_the_seed_and_the_name_alone():
    kernels = [build_projections([HIDDEN], 9, 6, seed)[1].kernel.numpy() for seed in (3, 3, 4)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
    embeddings, layers = build_projections([EMBEDDINGS, HIDDEN], 9, 6, seed=3).values()
    np.testing.assert_array_equal(layers.kernel.numpy(), kernels[0])
    assert not np.array_equal(embeddings.kernel.numpy(), layers.kernel.numpy())


def test_what_is_drawn_is_the_same_on_every_backend():
    kernel = build_projections([HIDDEN], 90, 60, seed=3)[1].kernel.numpy()
    # Read off once where JAX computed.
    assert kernel[0, :3].tolist() == pytest.approx([0.0211772, 0.0841300, 0.1766112], abs=1e-6)
    assert 0.199 < np.abs(kernel).max() < 0.2
    assert np.var(kernel) == pytest.approx(2 / (90 + 60), rel=0.05)
