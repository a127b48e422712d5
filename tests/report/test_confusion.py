"""Confusion tables that eval recorded."""

import json

import pytest

from mbert_cli.report.choices import read_choices
from mbert_cli.report.confusion import confusion_record, confusion_table, missing_confusions, read_confusions


def test_tables_are_those_that_eval_wrote_of_runs_and_artifacts(family):
    choices = read_choices([family / "small-0", family / "small-1", family / "big"], [])
    found = read_confusions(choices)
    assert [confusion.name for confusion in found] == [
        "small-{0,1}", "small-1 dynamic_int8", "small-1 float32", "big float32",
    ]  # fmt: skip
    assert found[0].labels == ["negative", "positive"]
    assert found[0].counts == [[400, 28], [40, 404]]


def test_the_table_of_a_model_of_several_seeds_says_whose_answers_it_counts(family):
    (found, *_) = read_confusions(read_choices([family / "small-0", family / "small-1"], []))
    assert confusion_table(found).title == "Confusion of small-1, one of small-{0,1}"
    assert confusion_record(found)["run"] == "small-1"


def test_a_cell_is_shaded_by_its_share_of_the_row(family):
    (confusion, *_) = read_confusions(read_choices([family / "small-1"], []))
    table = confusion_table(confusion)
    assert table.title == "Confusion of small-1"
    assert table.notes[0].startswith("sst2, 872 examples (set 3f9a1c02): a row for each true label")
    assert table.columns == ["", "negative", "positive"]
    assert table.rows == [("negative", "400", "28"), ("positive", "40", "404")]
    assert table.shades[0] == [0.0, pytest.approx(400 / 428), pytest.approx(28 / 428)]
    assert confusion_record(confusion)["counts"] == [[400, 28], [40, 404]]


def test_a_label_without_examples_has_no_shade(family):
    file = family / "small-1/eval/validation.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"confusion": [[0, 0], [40, 404]]}))
    (confusion, *_) = read_confusions(read_choices([family / "small-1"], []))
    assert confusion_table(confusion).shades[0] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "damage", [{"confusion": [[1, 2]]}, {"confusion": [[1], [2]]}, {"labels": []}, {"labels": ["a", "b"]}]
)
def test_a_table_that_does_not_fit_its_labels_is_passed_over(family, damage):
    file = family / "small-1/eval/validation.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    names = [confusion.name for confusion in read_confusions(read_choices([family / "small-1"], []))]
    assert names == ["small-1 dynamic_int8", "small-1 float32"]


def test_how_the_others_get_one_is_said(family):
    choices = read_choices([family / "small-1", family / "big", family / "student"], [])
    assert missing_confusions(choices, read_confusions(choices)) == (
        "A confusion table is shown of models that `mbert eval` has scored; for the others: `mbert eval runs/big`"
    )
    small = read_choices([family / "small-1"], [])
    assert missing_confusions(small, read_confusions(small)) == ""
