"""All pictures of a report."""

import re

import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report.choices import read_choices
from mbert_cli.report.drawing import draw_report
from mbert_cli.report.training_table import read_trainings
from mbert_cli.table import Table


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
