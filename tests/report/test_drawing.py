"""All pictures of a report."""

import re

import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report.choices import read_choices
from mbert_cli.report.drawing import draw_report
from mbert_cli.report.score_pictures import COLOURS
from mbert_cli.report.training_table import read_trainings
from mbert_cli.table import Table


def test_a_model_has_one_colour_on_the_page_and_others_have_none_of_it(family):
    choices = read_choices([family / "small-1", family / "big"], [])
    models = [choice for choice in choices if not choice.is_artifact]
    drawn = draw_report(choices, read_trainings(models))
    ((scores, *_),) = drawn.scores.values()
    colours = COLOURS[: len(models)]
    assert [colour in scores.svg for colour in colours] == [True, True]
    assert {picture.title: [colour in picture.svg for colour in colours] for picture in drawn.training} == {
        "Loss of finetune": [True, True],
        "Loss of distill (joint)": [False, False],
        "Loss of train-teacher": [False, False],
        "Validation score, sst2": [True, True],
    }


def test_no_two_pictures_of_a_page_share_an_id(family):
    choices = read_choices([family / "small-1", family / "big", family / "student"], [])
    attention = Table("Attention", ["a"], [["b"]])
    drawn = draw_report(
        choices, read_trainings([choice for choice in choices if not choice.is_artifact]), [attention]
    )
    pictures = [picture for pictures in drawn.scores.values() for picture in pictures]
    assert (len(pictures), len(drawn.training), list(drawn.attention)) == (2, 4, [attention])
    ids = [
        key for picture in (*pictures, *drawn.training) for key in re.findall(r'id="([^"]+)"', picture.svg)
    ]
    assert len(ids) == len(set(ids)) > 20
