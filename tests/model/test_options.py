"""Sizes as data: what a named size becomes with changes, and what cannot be one."""

import pytest
from pydantic import ValidationError

from mbert_cli.model.options import SIZES, Architecture, ModelOptions, SizeChanges, layer_name


def test_a_named_size_is_the_row_of_its_table():
    for name, size in SIZES.items():
        assert ModelOptions(size=name).resolve() == size


def test_changes_replace_fields_and_null_keeps_them():
    changed = ModelOptions(size="mobilebert", changes=SizeChanges(num_layers=6, activation="gelu")).resolve()
    assert changed == SIZES["mobilebert"].model_copy(update={"num_layers": 6, "activation": "gelu"})
    assert (
        ModelOptions(size="mobilebert", changes=SizeChanges(intra_dim=None)).resolve() == SIZES["mobilebert"]
    )


def test_a_change_is_a_field_of_an_architecture():
    assert set(SizeChanges.model_fields) <= set(Architecture.model_fields)


def test_a_recipe_cannot_ask_for_what_an_export_makes_of_an_architecture():
    with pytest.raises(ValidationError, match="normalization"):
        SizeChanges(normalization="folded")
    assert (
        Architecture.model_fields["num_layers"].description
        == SizeChanges.model_fields["num_layers"].description
    )


def test_heads_must_divide_the_width_inside_a_block():
    with pytest.raises(
        ValueError, match=r"the width inside a block \(64\) must be a multiple of num_heads \(7\)"
    ):
        ModelOptions(size="mobilebert_laptop", changes=SizeChanges(num_heads=7))
    with pytest.raises(
        ValueError, match=r"the width inside a block \(10\) must be a multiple of num_heads \(3\)"
    ):
        Architecture(num_layers=1, hidden_dim=10, num_heads=3, intermediate_dim=4, embedding_dim=10)


def test_hidden_states_are_at_least_as_wide_as_words():
    with pytest.raises(ValidationError, match=r"hidden_dim \(48\) must be at least embedding_dim \(768\)"):
        ModelOptions(size="bert_base", changes={"hidden_dim": 48})
    narrow = ModelOptions(size="bert_base", changes={"hidden_dim": 48, "embedding_dim": 48}).resolve()
    assert narrow.hidden_dim == narrow.embedding_dim == 48


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no size is named 'mobilbert'; there are bert_base, "):
        ModelOptions(size="mobilbert")


def test_a_plain_block_is_as_wide_as_the_hidden_states():
    assert SIZES["bert_base"].block_dim == SIZES["bert_base"].hidden_dim == 768
    assert SIZES["mobilebert"].block_dim == 128 and SIZES["ib_bert_large"].block_dim == 1024


def test_the_norms_at_the_edges_add_what_the_others_do_unless_told():
    size = SIZES["mobilebert_no_opt"]
    assert size.edge_epsilon == size.norm_epsilon == 1e-12
    edges = size.model_copy(update={"edge_norm_epsilon": 1e-5})
    assert (edges.edge_epsilon, edges.norm_epsilon) == (1e-5, 1e-12)


def test_blocks_are_named_by_their_number_from_0():
    assert [layer_name(index) for index in (0, 7, 23)] == ["layer_00", "layer_07", "layer_23"]


def test_the_small_sizes_are_the_large_ones_but_narrower():
    """The pair for a laptop has the shape of the papers' pair."""
    same = (
        "trigram_input",
        "num_feedforward_networks",
        "key_query_shared_bottleneck",
        "normalization",
        "activation",
    )
    for small, large in (("mobilebert_laptop", "mobilebert"), ("ib_bert_laptop", "ib_bert_large")):
        assert [getattr(SIZES[small], key) for key in same] == [getattr(SIZES[large], key) for key in same]
        assert SIZES[small].hidden_dim < SIZES[large].hidden_dim


def test_residuals_are_multiplied_in_folded_models_alone():
    with pytest.raises(
        ValueError,
        match=r"multiplied_residuals must be empty unless normalization is folded \(it is no_norm\)",
    ):
        Architecture(**SIZES["mobilebert"].model_dump() | {"multiplied_residuals": ("layer_00/attention",)})


@pytest.mark.parametrize(
    "changes",
    [
        {"normalization": "folded"},
        {"merged_projections": True},
        {"multiplied_residuals": ["layer_00/attention"]},
    ],
)
def test_a_recipe_cannot_ask_for_a_folded_model(changes):
    # It has no normalization to train with: folding makes it of a model that was trained.
    with pytest.raises(ValidationError):
        ModelOptions(size="mobilebert", changes=changes)


def test_a_folded_architecture_is_read_as_it_was_written():
    changes = {"normalization": "folded", "merged_projections": True}
    folded = SIZES["mobilebert"].model_copy(
        update=changes | {"multiplied_residuals": ("layer_00/attention",)}
    )
    assert Architecture.model_validate_json(folded.model_dump_json()) == folded
