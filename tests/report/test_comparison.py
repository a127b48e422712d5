"""The page that a person chooses by."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from mbert_cli.page import Page
from mbert_cli.printing import printed_text
from mbert_cli.report.choices import read_choices
from mbert_cli.report.comparison import COUNTING_RULE, PARETO_RULE, SIZE_RULE, Drawn, comparison_page
from mbert_cli.report.confusion import read_confusions
from mbert_cli.report.terminal import print_page
from mbert_cli.report.training_table import read_trainings
from mbert_cli.table import Picture, Table
from tests.report.family import write_bench


def page_of(*runs: Path, artifacts: tuple[Path, ...] = (), drawn: Drawn | None = None) -> Page:
    choices = read_choices(runs, artifacts)
    trainings = read_trainings([choice for choice in choices if not choice.is_artifact])
    return comparison_page(choices, trainings, read_confusions(choices), drawn or Drawn())


@pytest.fixture
def page(family) -> Page:
    return page_of(*(family / f"small-{seed}" for seed in range(3)), family / "big")


def test_imported_models_alone_have_no_table_of_costs(family):
    for name in ("big", "teacher"):
        (family / name / "origin.json").write_text('{"verb": "import", "sessions": []}')
    page = page_of(family / "big")
    assert all(table.columns for table in page.tables)
    assert not any(table.title == "What training cost" for table in page.tables)


def test_all_choices_of_a_set_stand_in_one_table(page):
    table = page.tables[0]
    assert table.title == "sst2, 872 examples (set 3f9a1c02)"
    assert table.columns == [
        "model or artifact",
        "accuracy",
        "seeds",
        "MB",
        "p50 ms",
        "p90 ms",
        "Pareto",
        "tokens",
        "GFLOPs",
    ]
    assert table.rows == [
        ["big", "90.00%", "", "0.4", "", "", "", "64", "0.17"],
        ["big float32", "90.00%", "", "1.3", "1.70", "1.87", "size, latency", "64", "0.17"],
        ["small-{0,1,2}", "87.00% ± 1.00%", "3", "0.4", "", "", "", "64", "0.06"],
        ["small-1 dynamic_int8", "87.50%", "", "0.3", "0.40", "0.44", "size, latency", "64", "0.06"],
        ["small-1 float32", "88.00%", "", "1.0", "0.90", "0.99", "size, latency", "64", "0.06"],
    ]  # fmt: skip
    assert (
        table.notes[0]
        == "Scores with ± are means over seeds with their sample standard deviation; an artifact is of one seed."
    )
    assert table.notes[1].startswith(
        "Times: 1 thread. Measured on Some Processor, 2 cores, load 0.2, with LiteRT 2.3.0"
    )
    assert page.notes[:2] == [SIZE_RULE, PARETO_RULE]
    assert page.title == "2 models and 3 artifacts side by side"


def test_models_have_their_parameters_with_the_rule_their_teacher_and_their_origin(page):
    table = page.tables[1]
    assert table.title == "Models"
    assert table.columns == [
        "model",
        "parameters",
        "without word table",
        "tokens",
        "GFLOPs",
        "teacher",
        "comes from",
    ]
    assert table.rows == [
        ["small-{0,1,2}", "2,463,746", "510,338", "64", "0.06", "teacher", "student (joint, from teacher)"],
        ["big", "3,252,738", "1,299,330", "64", "0.17", "", "teacher"],
    ]  # fmt: skip
    assert table.notes == [COUNTING_RULE]


def test_trainings_and_confusion_tables_follow(page):
    assert [table.title.partition(";")[0] for table in page.tables[2:]] == [
        "What training cost", "Confusion of small-1, one of small-{0,1,2}", "Confusion of small-1 dynamic_int8",
        "Confusion of small-1 float32", "Confusion of big float32",
    ]  # fmt: skip


def test_figures_that_nobody_measured_are_left_out(family):
    (table, *_) = page_of(family / "small-0").tables
    assert table.columns == ["model or artifact", "accuracy", "MB", "tokens", "GFLOPs"]
    assert table.rows == [["small-0", "86.00%", "0.4", "64", "0.06"]]
    assert table.notes == []


def test_times_of_several_measurements_bear_its_letter(family):
    write_bench(family, "20260505", [(family / "big/export/float32/model.tflite", 2.0)], processor="Other")
    (table, *_) = page_of(family / "small-1", family / "big").tables
    letters = {row[0]: row[-1] for row in table.rows}
    assert letters["big float32"] != letters["small-1 float32"] == letters["small-1 dynamic_int8"] != ""
    assert [note[:8] for note in table.notes] == ["Times A:", "Times B:"]


def test_an_artifact_of_an_earlier_result_says_so(family):
    for file in (family / "big/export/float32").iterdir():
        os.utime(file, (0, 0))
    shown = [row[0] for table in page_of(family / "big").tables for row in table.rows]
    assert "big float32 (of an earlier result)" in shown


def test_an_artifact_alone_is_a_row_of_its_own(family):
    page = page_of(artifacts=(family / "big/export/float32/model.tflite",))
    assert [row[0] for row in page.tables[0].rows] == ["big float32"]
    assert [table.title.partition(";")[0] for table in page.tables] == [
        "sst2, 872 examples (set 3f9a1c02)", "Models", "Confusion of big float32",
    ]  # fmt: skip


def test_of_a_file_alone_there_is_no_table_of_models(family):
    Path("a.tflite").write_bytes((family / "big/export/float32/model.tflite").read_bytes())
    (table,) = page_of(artifacts=(Path("a.tflite"),)).tables
    assert (table.title, table.rows) == ("unknown task, not scored", [["a", "1.3"]])


def test_pictures_stand_with_the_tables_that_they_show(family):
    one, other = Picture("<svg/>", "one"), Picture("<svg/>", "other")
    attention = Table("Attention", ["a"], [["b"]])
    page = page_of(
        family / "big", drawn=Drawn({("", "3f9a1c02aaaaaaaa", "", "accuracy"): [one]}, [other], [attention])
    )
    assert [list(table.pictures) for table in page.tables[:3]] == [[one], [], [other]]
    assert page.tables[-1] is attention


def test_tables_fit_80_columns(page):
    kept = io.StringIO()
    print_page(Console(file=kept, width=80), Page(page.tables))
    rows = [line for line in kept.getvalue().splitlines() if "  " in line and not line.startswith("Hours")]
    assert max(map(len, rows)) <= 80
    assert printed_text(lambda stream: print_page(stream, page)).count("small-1 float32") == 2
