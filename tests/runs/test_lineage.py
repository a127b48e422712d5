"""What a fine-tuning started from, and which kinds of runs serve as what."""

from pathlib import Path

import pytest

from mbert_cli.runs.lineage import (
    DISTILL_TASK,
    FINE_TUNED,
    PRETRAINED,
    TASK_MODELS,
    TEACHERS,
    WITH_WEIGHTS,
    found_unnamed,
    started_from,
)
from mbert_cli.runs.listing import command_of, maker_of


@pytest.mark.parametrize(
    ("recipe", "path"),
    [
        ({"source": "runs/distill-quickstart", "initialize_from": None}, "runs/distill-quickstart"),
        ({"source": None, "initialize_from": "runs/finetune-mnli"}, "runs/finetune-mnli"),
        ({"source": "runs/teacher"}, "runs/teacher"),
        ({"source": "runs/general", "teacher": "runs/finetune-mnli"}, "runs/general"),
        ({"source": None, "teacher": "runs/finetune-mnli"}, "runs/finetune-mnli"),
    ],
)
def test_a_fine_tuning_started_from_its_source_or_from_another_fine_tuning(recipe: dict, path: str) -> None:
    assert started_from(recipe) == Path(path)


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
