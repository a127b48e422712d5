"""Losses and scores while training."""

import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report.choices import read_choices
from mbert_cli.report.curve_pictures import MOST_POINTS, _draw, _picture, curve_pictures, thinned
from mbert_cli.report.score_pictures import COLOURS
from mbert_cli.report.training_table import read_trainings
from mbert_cli.runs.training_log import Curve


def test_each_kind_of_training_has_a_picture_of_its_loss_and_each_task_one_of_its_scores(family):
    choices = [
        choice for choice in read_choices([family / "small-0", family / "big"], []) if not choice.is_artifact
    ]
    pictures = curve_pictures(read_trainings(choices), "training")
    assert [picture.title for picture in pictures] == [
        "Loss of finetune", "Loss of distill (joint)", "Loss of train-teacher", "Validation score, sst2",
    ]  # fmt: skip
    assert [bool(picture.caption) for picture in pictures] == [False, True, False, False]
    assert all(name in pictures[0].svg for name in ("small-0", "big"))


def test_stages_and_seeds_of_a_model_have_one_colour_and_one_name():
    runs = [
        [Curve("a", [1, 2], [3.0, 2.0]), Curve("b", [3, 4], [9.0, 8.0])],
        [Curve("a", [1, 2], [4.0, 1.0])],
    ]
    axes = _draw([("one", runs), ("other", [[Curve("a", [1], [5.0])]])], "loss", 1.0, ["one", "other"]).axes[
        0
    ]
    *own, other = axes.lines
    assert len(own) == 3
    assert len({line.get_color() for line in own}) == 1 and other.get_color() != own[0].get_color()
    assert [line.get_label() for line in axes.lines if not line.get_label().startswith("_")] == [
        "one",
        "other",
    ]
    assert (own[0].get_marker(), other.get_marker()) == ("", "o")  # one step alone is a point


def test_a_long_line_is_thinned_to_means_over_stretches_and_says_so():
    count = 10 * MOST_POINTS
    curve = Curve("a", list(range(1, count + 1)), [float(step % 10) for step in range(count)])
    steps, values = thinned(curve)
    assert steps.tolist() == [5.5 + 10 * place for place in range(MOST_POINTS)]
    assert set(values) == {4.5}
    (picture,) = _picture([("a", [[curve]])], "a", "Loss", "loss", 1.0, ["a"])
    assert picture.caption == f"Longer lines are means over {MOST_POINTS} stretches."
    short = Curve("a", [1, 2, 3], [3.0, 2.0, 1.0])
    assert [part.tolist() for part in thinned(short)] == [[1, 2, 3], [3, 2, 1]]


@pytest.mark.filterwarnings("error")
def test_a_name_with_an_underscore_before_it_is_in_the_legend():
    figure = _draw([("_a", [[Curve("a", [1, 2], [3.0, 2.0])]])], "loss", 1.0, ["_a"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["\N{ZERO WIDTH SPACE}_a"]


def test_losses_far_apart_stand_on_a_logarithmic_axis():
    for values, scale in (([1.0, 2.0], "linear"), ([0.1, 2.0], "log"), ([0.0, 2.0], "linear")):
        assert (
            _draw([("a", [[Curve("a", [1, 2], values)]])], "loss", 1.0, ["a"]).axes[0].get_yscale() == scale
        )


def test_a_model_has_its_colour_in_every_picture():
    line = [[Curve("a", [1, 2], [3.0, 2.0])]]
    for lines in ([("b", line)], [("a", line), ("b", line)]):
        assert _draw(lines, "loss", 1.0, ["a", "b"]).axes[0].lines[-1].get_color() == COLOURS[1]


def test_where_nothing_was_logged_there_is_no_picture(family):
    (family / "big/log.jsonl").write_text("")
    (family / "teacher/log.jsonl").write_text("")
    choices = [choice for choice in read_choices([family / "big"], []) if not choice.is_artifact]
    assert curve_pictures(read_trainings(choices), "training") == []
