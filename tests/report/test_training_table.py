"""What trainings cost, as a table and as JSON."""

from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.report.choices import read_choices
from mbert_cli.report.training_table import read_trainings, training_record, training_table
from mbert_cli.runs.training_log import TrainingCost
from tests.report.family import taught


def trainings(*runs: Path) -> list:
    return read_trainings([choice for choice in read_choices(runs, []) if not choice.is_artifact])


def test_models_stand_before_those_that_they_came_from_each_once(family):
    found = trainings(family / "small-0", family / "small-1", family / "big")
    assert [training.name for training in found] == ["small-{0,1}", "big", "student", "teacher"]
    assert [training.teacher for training in found] == [
        Path("runs/teacher"),
        None,
        Path("runs/teacher"),
        None,
    ]
    assert [training.name for training in trainings(family / "student", family / "teacher")] == [
        "student",
        "teacher",
    ]


def test_rows_have_strategy_teacher_cost_and_device(family):
    table = training_table(trainings(family / "small-0", family / "small-1"))
    assert table.columns == ["run", "kind", "teacher", "trainings", "steps", "examples", "hours", "on"]
    assert table.rows[0] == [
        "small-{0,1}",
        "finetune",
        "teacher",
        "2",
        "400",
        "12,800",
        "0.12",
        "cpu, 2 cores",
    ]
    assert table.rows[1][:5] == ["student", "distill (joint)", "teacher", "", "400"]
    assert table.notes[-1] == "Figures of several trainings, seeds or trials of a search, are sums."


def test_what_no_log_says_is_an_empty_cell_and_null(family):
    (family / "big/log.jsonl").unlink()
    (big, *_) = trainings(family / "big")
    assert big.cost == TrainingCost(1, 200, 6400, None)
    table = training_table([big])
    assert table.columns == ["run", "kind", "steps", "examples", "on"]
    assert training_record(big)["hours"] is None


def test_an_imported_model_has_no_row_and_is_named_below(family):
    (family / "teacher/origin.json").write_text('{"verb": "import", "sessions": []}')
    table = training_table(trainings(family / "big"))
    assert [row[0] for row in table.rows] == ["big"]
    assert table.notes[-1] == "What imported models cost is not known: teacher."


def test_a_model_that_was_taught_a_task_has_its_teacher_and_all_before_it(family):
    run = taught(family / "taught", "runs/big", "runs/student", "tinybert_4", 0.89)
    found = trainings(run)
    assert [training.name for training in found] == ["taught", "student", "big", "teacher"]
    assert (found[0].kind, found[0].task, found[0].teacher) == ("distill (task)", "sst2", Path("runs/big"))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.6, "0.001"), (1800, "0.5"), (5400, "1.5"), (3.6e6, "1,000")]
)
def test_hours_have_as_many_digits_as_say_something(family, seconds, shown):
    (big, *_) = trainings(family / "big")
    row = training_table([replace(big, cost=replace(big.cost, seconds=seconds))])
    assert row.rows[0][row.columns.index("hours")] == shown


def test_curves_are_those_of_every_run_and_stage(family):
    small, student, _ = trainings(family / "small-0", family / "small-1")
    assert [[curve.stage for curve in curves] for curves in small.losses] == [
        ["fine-tuning"],
        ["fine-tuning"],
    ]
    assert [curve.stage for curve in student.losses[0]] == ["transfer", "pre-training distillation"]
    assert (len(small.scores[0][0].values), student.scores) == (4, [[]])


def test_imported_models_alone_make_no_rows_and_are_named(family):
    (family / "teacher/origin.json").write_text('{"verb": "import", "sessions": []}')
    table = training_table(trainings(family / "teacher"))
    assert (table.rows, table.notes) == ([], ["What imported models cost is not known: teacher."])
