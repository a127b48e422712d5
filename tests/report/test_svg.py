"""Figures as elements of a page."""

import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from mbert_cli.report.svg import svg_of

SVG = "{http://www.w3.org/2000/svg}"


def figure() -> Figure:
    made = Figure(figsize=(2, 1))
    axes = made.add_subplot()
    (line,) = axes.plot([0, 1], [0, 1], "o-")
    line.set_gid("line")
    axes.set_title("$x_1$ & \u4f60 <b>")
    return made


def test_text_is_text_whatever_it_holds():
    root = ElementTree.fromstring(svg_of(figure, "a", "a line"))
    assert "$x_1$ & \u4f60 <b>" in [text.text for text in root.iter(f"{SVG}text")]


def test_the_element_scales_and_says_what_it_shows():
    root = ElementTree.fromstring(svg_of(figure, "a", 'a "line"'))
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == ("0 0 144 72", None, None)
    assert (root.get("role"), root.get("aria-label")) == ("img", 'a "line"')
    assert not list(root.iter("metadata"))


def test_ids_of_two_figures_do_not_clash_and_each_reference_leads_to_its_own():
    one, other = svg_of(figure, "one", "a"), svg_of(figure, "other", "a")
    ids = [set(re.findall(r'id="([^"]+)"', text)) for text in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    for text, known in zip((one, other), ids, strict=True):
        references = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
        assert references and references <= known


def test_two_equal_images_have_no_common_id():
    def two_images() -> Figure:
        made = Figure(figsize=(2, 1))
        for axes in made.subplots(1, 2):
            axes.imshow([[0.0, 1.0]])
        return made

    ids = re.findall(r'id="([^"]+)"', svg_of(two_images, "a", "a"))
    assert len(ids) == len(set(ids)) > 0


def test_the_same_figure_is_the_same_text():
    assert svg_of(figure, "a", "a") == svg_of(figure, "a", "a")


def test_a_part_has_the_hint_of_its_id():
    root = ElementTree.fromstring(svg_of(figure, "a", "a", hints={"line": "1 < 2"}))
    (part,) = [group for group in root.iter(f"{SVG}g") if group.get("id") == "a-line"]
    assert [title.text for title in part.findall(f"{SVG}title")] == ["1 < 2"]


@pytest.mark.filterwarnings("error")
def test_a_character_that_no_font_has_draws_no_warning():
    svg_of(figure, "a", "a")
