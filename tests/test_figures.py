"""Figures on the screen."""

from datetime import UTC, datetime

import pytest

from mbert_cli.evaluate.metrics import METRICS
from mbert_cli.figures import (
    counted,
    counted_of,
    show_figure,
    show_moment,
    show_official,
    show_score,
    show_share,
)


def test_a_share_is_shown_in_percent_with_its_deviation():
    assert (show_share(0.8), show_share(0.8, 0.0283)) == ("80.00%", "80.00% ± 2.83%")


@pytest.mark.parametrize(
    "name",
    [
        *METRICS,
        "score",
        "precision",
        "recall",
        "exact_match",
        "exact_labels",
        "exact_span",
        "masked_language_model_accuracy",
        "token_accuracy",
    ],
)
def test_every_official_figure_is_a_share(name):
    assert show_figure(f"validation/{name}", 0.51239) == "51.24%"


def test_losses_thresholds_and_counts_are_numbers():
    assert show_figure("loss/total", 0.69314) == "0.6931"
    assert show_figure("loss/token_cross_entropy", 1.5) == "1.5000"
    assert show_figure("validation/null_threshold", -1.25) == "-1.2500"
    assert show_figure("best_step", 1200.0) == "1,200"


def test_figures_of_the_official_scripts_are_in_percent_already():
    names = ["exact_match", "exact", "f1", "HasAns_exact", "NoAns_f1", "best_exact", "best_f1"]
    assert {show_official(name, 81.2345) for name in names} == {"81.23%"}
    assert show_official("best_f1_thresh", -0.5) == "-0.5000"
    assert (show_official("total", 10570), show_official("HasAns_total", 5928)) == ("10,570", "5,928")


def test_one_thing_is_not_counted_as_several():
    assert [counted(count, "step") for count in (0, 1, 1500)] == ["0 steps", "1 step", "1,500 steps"]
    assert [counted(count, "entity", "entities") for count in (1, 2)] == ["1 entity", "2 entities"]


def test_one_of_several_things_is_not_said_to_be_several():
    said = [
        counted_of(count, total, "text", "is blank", "are blank") for count, total in ((1, 1), (1, 2), (2, 2))
    ]
    assert said == ["1 of 1 text is blank", "1 of 2 texts is blank", "2 of 2 texts are blank"]
    assert counted_of(1, 2, "entity", "is", "are", "entities") == "1 of 2 entities is"


def test_a_score_stands_behind_its_name():
    assert show_score("accuracy", 0.8, 0.0283) == "accuracy 80.00% ± 2.83%"
    assert show_score(None, 0.8) == "80.00%"
    assert show_score("accuracy", None) == ""


def test_a_score_that_is_a_loss_is_a_number():
    assert show_score("transfer_loss", 0.04213) == "transfer_loss 0.0421"
    assert show_score("transfer_loss", 12.5, 0.25) == "transfer_loss 12.5000 ± 0.2500"


def test_a_moment_is_shown_in_the_time_of_this_machine():
    moment = datetime(2026, 1, 2, 12, 4, 5, tzinfo=UTC)
    assert show_moment(moment) == f"{moment.astimezone():%Y-%m-%d %H:%M}"
    assert show_moment(None) == ""
