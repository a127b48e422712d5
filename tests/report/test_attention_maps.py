"""Attention maps as a picture: the scale that they share, and what stands at them."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib import pyplot

from mbert_cli.errors import UserError
from mbert_cli.report.attention_maps import TracedModel, _compose, draw_attention, require_pictures

NOWHERE = "\U0010fffd"
"""A character that means nothing, so that no font has it."""


def traced(name: str, *layers: list, tokens: tuple[str, ...] = ("[CLS]", "[SEP]")) -> TracedModel:
    """A model with maps (heads, query, key) for each layer."""
    maps = {f"attention/layer_{place:02d}": np.array(layer) for place, layer in enumerate(layers)}
    return TracedModel(name, {"tokens": np.array(tokens), **maps})


def test_all_maps_of_a_picture_share_a_scale_that_a_bar_shows():
    teacher = traced("teacher", [[[0.9, 0.1], [0.5, 0.5]]], [[[0.2, 0.8], [0.5, 0.5]]])
    student = traced("student", [[[0.4, 0.6], [0.5, 0.5]]] * 2, [[[0.3, 0.7], [0.5, 0.5]]] * 2)
    for layers, largest in (([0, 1], 0.9), ([1], 0.8)):
        figure = _compose(pyplot, [teacher, student], layers)
        images = [axis.images[0] for axis in figure.axes if axis.images]
        assert len(images) == 3 * len(layers)
        assert {image.get_clim() for image in images} == {(0.0, largest)}
        (bar,) = [axis for axis in figure.axes if not axis.images]
        assert bar.get_ylim() == (0.0, largest)
        assert bar.get_ylabel() == "attention, one scale for all maps"
        pyplot.close(figure)


def test_maps_stand_in_the_columns_of_their_model():
    teacher, student = (
        traced("teacher", [[[1.0, 0.0], [0.0, 1.0]]]),
        traced("student", [[[0.4, 0.6], [0.5, 0.5]]] * 2),
    )
    figure = _compose(pyplot, [teacher, student], [0])
    axes = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in axes] == ["teacher\nhead 0", "student\nhead 0", "head 1"]
    assert [axis.images[0].get_array()[0, 0] for axis in axes] == [1.0, 0.4, 0.4]
    pyplot.close(figure)


@pytest.mark.filterwarnings("error")
def test_text_that_no_font_has_is_drawn_without_a_warning(tmp_path: Path):
    shown = traced(
        f"run $ {NOWHERE}", [np.full((5, 5), 0.2)], tokens=("\u6211", NOWHERE, "$x$", "\\", "\u043a")
    )
    draw_attention(tmp_path / "maps.png", [shown], [])
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "found"),
    [("raise ModuleNotFoundError(\"No module named 'matplotlib'\", name='matplotlib')", "it is not installed"),
     ("raise ImportError('no libfreetype')", "it cannot be imported (no libfreetype)")],
)  # fmt: skip
def test_a_picture_needs_a_library_that_can_be_imported(tmp_path, monkeypatch, content, found):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "matplotlib.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError) as caught:
        require_pictures()
    assert caught.value.message == f"A picture is drawn by matplotlib. Received: --picture, and {found}"
    assert caught.value.hint == "`pip install 'mbert[pictures]'`."
