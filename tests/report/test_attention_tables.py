"""Attention of a model and its teacher."""

import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report.attention_maps import TracedModel
from mbert_cli.report.attention_tables import (
    _draw,
    attention_table,
    layers_beside,
    spread_layers,
)


def traced(name: str, layers: int, heads: int, tokens: int = 3, value: float = 0.5) -> TracedModel:
    """Maps in which each layer and head has a value of its own."""
    maps = {
        f"attention/layer_{layer:02d}": np.full((heads, tokens, tokens), value)
        + np.arange(heads)[:, None, None] / 100
        for layer in range(layers)
    }
    return TracedModel(name, {"tokens": np.array([f"t{place}" for place in range(tokens)]), **maps})


@pytest.mark.parametrize(
    ("layers", "expected"),
    [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (6, [0, 2, 3, 5]), (24, [0, 8, 15, 23])],
)
def test_blocks_are_spread_from_the_first_to_the_last(layers, expected):
    assert spread_layers(layers) == expected


@pytest.mark.parametrize(
    ("layers", "own", "other", "expected"),
    [
        ([0, 1, 2, 3], 4, 12, [2, 5, 8, 11]),  # TinyBERT's uniform map, g(m) = 3m
        ([0, 5], 6, 6, [0, 5]),
        ([0, 11], 12, 4, [0, 3]),
    ],
)
def test_blocks_of_the_teacher_lie_as_deep(layers, own, other, expected):
    assert layers_beside(layers, own, other) == expected


def test_the_table_says_what_was_drawn_and_has_a_picture_of_each_model():
    table = attention_table(traced("small", 2, 1), traced("big", 12, 2), "it rains", [], "a")
    assert table.title == "Attention of small and of its teacher big"
    assert table.rows == [["small", "0, 1", "2", "1", "3"], ["big", "5, 11", "12", "2", "3"]]
    assert table.notes[0] == "The text: it rains"
    assert [picture.title for picture in table.pictures] == ["small", "big"]
    ids = [key for picture in table.pictures for key in re.findall(r'id="([^"]+)"', picture.svg)]
    assert len(ids) == len(set(ids))


def test_all_maps_of_a_table_have_one_scale():
    table = attention_table(traced("small", 1, 1, value=0.2), traced("big", 1, 1, value=0.7), "a", [], "a")
    assert all("black 0.70 in all maps" in picture.caption for picture in table.pictures)


def test_a_model_without_a_teacher_stands_alone_with_the_layers_that_were_chosen():
    table = attention_table(traced("small", 4, 2), None, "a", [3], "a")
    assert (table.title, table.rows) == ("Attention of small", [["small", "3", "4", "2", "3"]])


def test_the_mean_of_all_heads_stands_before_the_first_ones():
    axes = _draw(traced("small", 2, 5), [0, 1], 1.0).axes
    assert [axis.get_title() for axis in axes] == ["mean", "head 0", "head 1", "head 2", "", "", "", ""]
    assert axes[0].images[0].get_array()[0, 0] == pytest.approx(0.52)
    assert axes[1].images[0].get_array()[0, 0] == pytest.approx(0.5)
    assert {axis.images[0].get_clim() for axis in axes} == {(0.0, 1.0)}


def test_tokens_are_written_where_they_can_be_read():
    assert [text.get_text() for text in _draw(traced("a", 1, 1), [0], 1.0).axes[0].get_yticklabels()] == [
        "t0",
        "t1",
        "t2",
    ]
    assert _draw(traced("a", 1, 1, tokens=25), [0], 1.0).axes[0].get_yticklabels() == []
