"""Which kinds of runs serve as what."""

from pathlib import Path

from mbert_cli.runs.lineage import (
    DISTILL_TASK,
    FINE_TUNED,
    PRETRAINED,
    TASK_MODELS,
    TEACHERS,
    WITH_WEIGHTS,
    found_unnamed,
)
from mbert_cli.runs.listing import command_of, maker_of


def test_whatever_serves_as_something_has_weights() -> None:
    for verbs in (PRETRAINED, TASK_MODELS):
        assert set(verbs) < set(WITH_WEIGHTS)
    assert set(TEACHERS) == set(WITH_WEIGHTS)
    assert "prepare" not in WITH_WEIGHTS


def test_students_and_imported_runs_teach_where_they_are_named_alone() -> None:
    assert found_unnamed("teacher", TASK_MODELS) == ("finetune",)
    assert found_unnamed("source", TASK_MODELS) == FINE_TUNED


def test_a_task_distillation_makes_a_task_model_and_nothing_to_start_from() -> None:
    assert DISTILL_TASK in FINE_TUNED
    assert DISTILL_TASK in TASK_MODELS
    assert DISTILL_TASK not in PRETRAINED
    assert maker_of(DISTILL_TASK, Path("runs")) == "mbert distill --strategy task"
    assert maker_of(DISTILL_TASK, Path("runs/smoke")) == "mbert distill --strategy task --smoke"
    assert command_of(DISTILL_TASK) == "distill"
    assert command_of("finetune") == "finetune"
