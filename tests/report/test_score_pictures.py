"""Score against size and latency."""

import itertools
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report.choices import read_choices
from mbert_cli.report.score_pictures import Look, _draw, _points, score_pictures
from mbert_cli.report.scored_sets import ScoredSet, by_set
from mbert_cli.table import Picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def scored(family_as_written) -> ScoredSet:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(family_as_written.parent)
        runs = [Path("runs", name) for name in ("small-0", "small-1", "small-2", "big")]
        return by_set(read_choices(runs, []))[0]


@pytest.fixture(scope="module")
def pictures(scored) -> list[Picture]:
    return score_pictures(scored, "a")


def test_there_is_a_picture_for_size_and_one_for_each_machine(pictures):
    size, latency = pictures
    assert (size.title, latency.title) == ("Accuracy against size", "Accuracy against median latency")
    assert (
        latency.caption.endswith("2026-05-04 " + latency.caption[-6:]) and "Some Processor" in latency.caption
    )


def test_a_point_says_what_it_is_where_the_pointer_rests(pictures):
    root = ElementTree.fromstring(pictures[0].svg)
    hints = [title.text for title in root.iter(f"{SVG}title")]
    assert hints == [
        "big float32: 90.00%, size 1.30 MB", "small-1 dynamic_int8: 87.50%, size 0.26 MB",
        "small-1 float32: 88.00%, size 0.99 MB",
    ]  # fmt: skip


def test_names_of_models_and_modes_are_in_the_picture(pictures):
    root = ElementTree.fromstring(pictures[0].svg)
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"big", "small-{0,1,2}", "float32", "dynamic_int8", "size, MB", "accuracy, %"} <= texts


def drawn(scored: ScoredSet):
    points = _points(scored, [size and size / 1e6 for size in scored.sizes], scored.smallest)
    return _draw(points, Look.of(scored), "accuracy", "size, MB").axes[0]


def test_the_line_goes_from_the_smallest_to_the_best(scored):
    line = drawn(scored).lines[0]
    assert line.get_xdata().tolist() == pytest.approx([0.26, 0.99, 1.3])
    assert line.get_ydata().tolist() == pytest.approx([87.5, 88.0, 90.0])
    assert line.get_drawstyle() == "steps-post"


def test_a_model_without_artifacts_is_a_hollow_point_with_its_deviation(scored):
    models = replace(scored, choices=[choice for choice in scored.choices if not choice.is_artifact])
    axes = drawn(models)
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert {point.get_markerfacecolor() for point in points} == {"white"}
    (bar,) = axes.containers
    assert bar.lines[2][0].get_segments()[0][:, 1].tolist() == pytest.approx([86.0, 88.0])


def test_sizes_far_apart_stand_on_a_logarithmic_axis(scored):
    assert drawn(scored).get_xscale() == "linear"
    far = [
        replace(choice, size_bytes=choice.size_bytes ** (1 + place / 10))
        for place, choice in enumerate(scored.choices)
    ]
    assert drawn(replace(scored, choices=far)).get_xscale() == "log"


def test_labels_of_the_line_cover_neither_each_other_nor_points(scored):
    sizes = [2_000_000, 990_000, 1_010_000, 1_030_000, 400_000]
    near = [
        replace(
            choice,
            size_bytes=size,
            scores=[replace(choice.scores[0], value=0.88 + place / 1e4, deviation=None)],
        )
        for place, (choice, size) in enumerate(zip(scored.choices, sizes, strict=True))
    ]
    axes = drawn(replace(scored, choices=near))
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert 0 < len(boxes) < 4
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_colours_and_shapes_are_the_same_in_all_pictures_of_a_set(scored):
    look = Look.of(scored)
    assert look.models == ["big", "small-{0,1,2}"]
    assert len({look.marker(mode) for mode in look.modes}) == len(look.modes) == 3


def test_where_there_is_no_choice_there_is_no_picture(scored):
    assert score_pictures(replace(scored, choices=scored.choices[:1]), "a") == []
