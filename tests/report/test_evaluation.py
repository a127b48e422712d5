"""Figures of models side by side."""

import json
from pathlib import Path

import pytest

from mbert_cli.page import PAGE_FORMATS, Delivery
from mbert_cli.report.evaluation import ScoredModel, evaluation_page
from mbert_cli.report.terminal import page_text
from mbert_cli.table import Table

TITLE = "sst2 validation, 872 examples (set 3f9a1c02)"


def scored(name: str, accuracy: float, differing: float | None = None) -> ScoredModel:
    details = Table(
        f"{TITLE}: accuracy {accuracy:.2%} ({name})", ["label", "F1"], [("a|b", f"{accuracy:.1%}")]
    )
    report = {"target": name, "score": accuracy, "labels": [{"label": "a|b", "f1": accuracy}]}
    return ScoredModel(Path(name), [details], {"accuracy": accuracy}, report, differing)


FIRST, SECOND = scored("runs/a", 2 / 3), scored("runs/b", 0.5, 1 / 7)


def test_one_model_has_its_own_tables_alone():
    page = evaluation_page(TITLE, [FIRST])
    assert [table.title for table in page.tables] == [f"{TITLE}: accuracy 66.67% (runs/a)"]


def test_several_models_are_compared_below_their_tables():
    *own, compared = evaluation_page(TITLE, [FIRST, SECOND]).tables
    assert len(own) == 2
    assert compared == Table(
        TITLE,
        ["model", "accuracy", "answers that differ"],
        [["runs/a", "66.67%", ""], ["runs/b", "50.00%", "14.29%"]],
    )


def test_what_was_shown_already_is_not_shown_again():
    assert evaluation_page(TITLE, [FIRST], with_details=False).tables == []
    (compared,) = evaluation_page(TITLE, [FIRST, SECOND], with_details=False).tables
    assert compared.title == TITLE


def test_json_holds_the_report_of_each_model_with_all_digits():
    document = json.loads(page_text(evaluation_page(TITLE, [FIRST, SECOND]), Delivery("json")))
    assert document == {
        "evaluations": [
            {"target": "runs/a", "score": 2 / 3, "labels": [{"label": "a|b", "f1": 2 / 3}], "answers_that_differ": None},
            {"target": "runs/b", "score": 0.5, "labels": [{"label": "a|b", "f1": 0.5}], "answers_that_differ": 1 / 7},
        ],
        "notes": [],
    }  # fmt: skip


@pytest.mark.parametrize("form", PAGE_FORMATS)
def test_a_label_with_a_bar_is_whole_in_every_format(form):
    text = page_text(evaluation_page(TITLE, [FIRST]), Delivery(form))
    assert {"table": "a|b", "markdown": "| a\\|b ", "json": '"a|b"', "html": ">a|b<"}[form] in text
