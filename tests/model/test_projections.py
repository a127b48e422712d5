"""What the dense maps before attention read, and that merging them changes no output."""

import keras
import numpy as np
import pytest

from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.options import Architecture
from mbert_cli.model.projections import Projections, bottleneck_projections, input_projections

BERT = Architecture(num_layers=1, hidden_dim=8, num_heads=2, intermediate_dim=6, embedding_dim=8)
MOBILEBERT = Architecture(
    num_layers=1, hidden_dim=8, num_heads=2, intermediate_dim=6, embedding_dim=4, intra_dim=4,
    key_query_shared_bottleneck=True, normalization="no_norm",
)  # fmt: skip
TINY = MOBILEBERT.model_copy(update={"use_bottleneck_attention": True, "key_query_shared_bottleneck": False})
IB_BERT = MOBILEBERT.model_copy(update={"intra_dim": 16, "key_query_shared_bottleneck": False})
ARCHITECTURES = {"bert": BERT, "mobilebert": MOBILEBERT, "tiny": TINY, "ib_bert": IB_BERT}
ROWS = np.random.default_rng(0).standard_normal((3, 8)).astype("float32")


def build(architecture: Architecture) -> tuple[Projections, dict[str, keras.Variable]]:
    """Projections with random weights, and these by name."""
    owner = LayerWithParts(name="layer_00")
    projections = Projections(owner, architecture)
    random = np.random.default_rng(1)
    for weight in owner.owned:
        weight.assign(random.standard_normal(weight.shape))
    return projections, {weight.path: weight for weight in owner.owned}


def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    weights = build(architecture)[1]
    return {name.removesuffix("/kernel"): w.shape for name, w in weights.items() if name.endswith("kernel")}


@pytest.mark.parametrize(
    ("name", "outer", "inner"),
    [
        ("bert", "query key value", ""),
        ("mobilebert", "bottleneck_input bottleneck_attention value", "query key"),
        ("tiny", "bottleneck_input", "query key value"),
        ("ib_bert", "bottleneck_input query key value", ""),
    ],
)
def test_the_architecture_says_what_reads_the_block_and_what_a_bottleneck(name, outer, inner):
    architecture = ARCHITECTURES[name]
    assert input_projections(architecture) == tuple(outer.split())
    assert bottleneck_projections(architecture) == tuple(inner.split())


def test_without_merging_each_map_has_a_kernel_of_its_own():
    assert shapes(MOBILEBERT) == {
        "bottleneck_input": (8, 4), "bottleneck_attention": (8, 4),
        "attention/query": (4, 4), "attention/key": (4, 4), "attention/value": (8, 4),
    }  # fmt: skip
    assert shapes(IB_BERT) == {
        "bottleneck_input": (8, 16),
        "attention/query": (8, 16), "attention/key": (8, 16), "attention/value": (8, 16),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bert", {"input_projections": (8, 24)}),
        ("mobilebert", {"input_projections": (8, 12), "bottleneck_projections": (4, 8)}),
        ("tiny", {"input_projections": (8, 4), "bottleneck_projections": (4, 12)}),
        ("ib_bert", {"input_projections": (8, 64)}),
    ],
)
def test_merged_maps_have_one_kernel_for_each_kind_of_rows(name, expected):
    assert shapes(ARCHITECTURES[name].model_copy(update={"merged_projections": True})) == expected


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_merged_maps_give_what_they_give_apart(name):
    architecture = ARCHITECTURES[name]
    apart, weights = build(architecture)
    merged, targets = build(architecture.model_copy(update={"merged_projections": True}))
    factor = (architecture.block_dim // 2) ** -0.5
    for target, parts in (
        ("input_projections", input_projections(architecture)),
        ("bottleneck_projections", bottleneck_projections(architecture)),
    ):
        scopes = [part if part.startswith("bottleneck") else f"attention/{part}" for part in parts]
        for which in ("kernel", "bias") if parts else ():
            values = [np.array(weights[f"{scope}/{which}"].value) for scope in scopes]
            scaled = [
                factor * v if scope == "attention/query" else v
                for scope, v in zip(scopes, values, strict=True)
            ]
            targets[f"{target}/{which}"].assign(np.concatenate(scaled, axis=-1))
    for path, weight in weights.items():
        if "/norm/" in path:
            targets[path].assign(weight.value)
    for one, other in zip(apart(ROWS), merged(ROWS), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_the_query_is_scaled_by_the_width_of_a_head():
    projections, weights = build(BERT)
    _, query, _, _ = projections(ROWS)
    expected = (
        ROWS @ np.array(weights["attention/query/kernel"]) + np.array(weights["attention/query/bias"])
    ) / 2
    np.testing.assert_allclose(query, expected, rtol=1e-5)


def test_the_residual_is_the_bottlenecked_input_or_the_rows_themselves():
    assert build(BERT)[0](ROWS)[0] is ROWS
    assert build(MOBILEBERT)[0](ROWS)[0].shape == (3, 4)
