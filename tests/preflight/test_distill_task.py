"""What `mbert distill --strategy task` needs."""

from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.cost import count_parameters, count_task_parameters
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.preflight import machine
from mbert_cli.preflight.resolving import inspect, resolve
from mbert_cli.recipe.invocation import Invocation, invoke
from mbert_cli.runs.disk import checkpoint_bytes
from mbert_cli.tasks.distilling import collect_for_student, plan_task
from mbert_cli.tasks.learning_rate import rate_for
from mbert_cli.tasks.planning import plan_task_training
from tests.tasks.toy_distillation import (
    MOBILEBERT,
    TEACHER,
    TINYBERT,
    VOCABULARY,
    look,
    make_source,
    make_teacher,
    swap_labels,
    task_settings,
)


def asked(*settings: str) -> Invocation:
    flags = {"--strategy": ("distill.strategy", "task")}
    return invoke("distill", None, settings, flags, run=Path("runs/student"))


def found(*settings: str) -> dict[str, tuple[str, str]]:
    return {one.name: (one.state, one.text) for one in inspect(asked(*settings))}


def refused(*settings: str) -> UserError:
    with pytest.raises(UserError) as caught:
        resolve(asked(*settings))
    return caught.value


def test_teacher_student_task_labels_lengths_and_layers_are_looked_at():
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    findings = found(f"teacher={teacher}", f"source={source}", "cache.budget_gigabytes=0")
    assert findings["teacher"] == ("ok", "runs/teacher: 2 layers")
    assert findings["source"] == ("ok", "runs/source: 1 layer")
    assert findings["vocabularies"] == ("ok", "equal in teacher and student")
    assert findings["layers"] == ("ok", "the student's 1 learn from 1 of the teacher")
    assert findings["labels"] == ("ok", "the teacher's")
    assert findings["sequence length, student"] == ("ok", "8 of 16 positions")
    assert findings["sequence length, teacher"] == ("ok", "8 of 16 positions")
    assert findings["cache"] == ("ok", "nothing is kept of what the teacher says")
    assert {"task", "disk", "memory"} <= set(findings)


def test_the_folder_for_what_the_teacher_says_is_looked_at():
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    named = [f"teacher={teacher}", f"source={source}", "cache.budget_gigabytes=2"]
    assert found(*named, "cache.folder=kept")["cache"] == ("ok", "kept, for up to 2 GB")
    verdict, text = found(*named, "cache.folder=t.csv")["cache"]
    assert verdict != "ok"
    assert text.startswith(
        "The folder for what teachers say must be one that can be written. Received: t.csv ("
    )


def test_the_task_is_the_teacher_s_unless_one_is_named():
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    ready = look(teacher=teacher, source=source)
    assert ready.options == ready.teacher.description.task
    shorter = look("task.sequence_length=6", teacher=teacher, source=source)
    assert shorter.options == ready.options.model_copy(update={"sequence_length": 6})


def test_the_rate_suits_the_student():
    ready = look(
        "train.optimizer.learning_rate=null", teacher=make_teacher("regression"), source=make_source(TINYBERT)
    )
    assert ready.recipe.train.optimizer.learning_rate == rate_for(TINYBERT)


def test_a_run_without_the_head_of_a_task_does_not_teach_one():
    source = make_source(TEACHER)
    error = refused(f"teacher={source}")
    assert error.message.startswith(
        "The run must be of the kind distill-task, finetune or import. Received: "
    )


def test_other_labels_are_refused_and_both_are_shown():
    teacher, source = make_teacher("classification", ["ba", "fi", "no"]), make_source(TINYBERT)
    error = refused(f"teacher={teacher}", f"source={source}")
    assert error.message == (
        "A teacher teaches a task with its own labels. Received: ba, fi, so in t.csv for runs/teacher, which knows "
        "ba, fi, no"
    )


def test_an_imported_teacher_needs_a_task_that_is_named():
    teacher = make_teacher("classification", verb="import")
    source = make_source(TINYBERT)
    error = refused(f"teacher={teacher}", f"source={source}")
    assert error.message == (
        "A distillation on a task needs the examples of its teacher's task. Received: no task, for runs/teacher, which "
        "does not say where its own are"
    )
    assert (
        error.hint
        == "Name a task of its kind: --set task.source=file --set task.kind=classification --set task.train=FILE."
    )
    settings = task_settings("classification")
    assert resolve(asked(f"teacher={teacher}", f"source={source}", *settings)).columns == (0, 1, 2)


def test_labels_in_another_order_are_mapped_and_said(capsys):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    swap_labels(teacher, [2, 0, 1])
    ready = resolve(asked(f"teacher={teacher}", f"source={source}"))
    assert ready.columns == (1, 2, 0)
    assert "runs/teacher has them in the order so, ba, fi" in capsys.readouterr().err


def test_a_task_of_another_kind_is_refused():
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    error = refused(f"teacher={teacher}", f"source={source}", *task_settings("regression"))
    assert error.message == (
        "A teacher teaches a task of its own kind. Received: t.csv, which is regression, for runs/teacher, which was "
        "fine-tuned for classification"
    )


def test_a_student_of_another_vocabulary_is_refused():
    teacher = make_teacher("classification")
    source = make_source(TINYBERT, replace(VOCABULARY, lowercase=False))
    error = refused(f"teacher={teacher}", f"source={source}")
    assert error.message.startswith(
        "A teacher and its student must have one vocabulary and one way to cut words."
    )
    assert error.hint.startswith("Leave source out to begin with a fresh student")


def test_layers_that_cannot_be_mapped_are_refused_unless_they_are_not_compared():
    teacher = make_teacher("classification")
    source = make_source(TINYBERT.model_copy(update={"num_layers": 3}))
    runs = f"teacher={teacher}", f"source={source}"
    assert refused(*runs).message.startswith("The teacher's layers must be a multiple of the student's")
    assert refused(*runs, "distill.layer_map=[0, 1, 2]").message.startswith(
        "distill.layer_map needs one teacher"
    )
    assert resolve(asked(*runs, "distill.intermediate_epochs=0")).places == range(4)


def test_a_head_map_that_does_not_fit_is_refused_and_one_that_fits_is_shown():
    teacher = make_teacher("classification")
    source = make_source(TINYBERT.model_copy(update={"num_heads": 1}))
    runs = f"teacher={teacher}", f"source={source}"
    assert refused(*runs).message.startswith(
        "Attention is compared head by head, so num_heads must be the same"
    )
    assert refused(*runs, "distill.head_map=[2]").message.startswith(
        "distill.head_map needs one teacher head, 0 to 1"
    )
    assert found(*runs, "distill.head_map=[1]")["heads"] == (
        "ok",
        "the student's 1 learn from 1 of the teacher",
    )
    nothing = [f"distill.factors.{name}=0" for name in ("hidden_states", "attention_scores")]
    assert refused(*runs, *nothing).message.startswith("The stage that compares layers needs a loss")


def test_a_text_that_is_too_long_for_the_student_is_refused():
    teacher = make_teacher("classification")
    source = make_source(MOBILEBERT.model_copy(update={"max_length": 6}))
    error = refused(f"teacher={teacher}", f"source={source}", "distill.factors.attention_scores=0")
    assert error.message.startswith("A sequence can have at most 6 tokens")


def test_disk_has_room_for_student_and_projections(monkeypatch):
    asked_for = []
    monkeypatch.setattr(machine, "require_disk", lambda path, size_bytes: asked_for.append(size_bytes))
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    for settings in ([], ["distill.projections=shared"], ["distill.intermediate_epochs=0"]):
        look(*settings, teacher=teacher, source=source)
    student = count_parameters(TINYBERT, VOCABULARY.size) + count_task_parameters(TINYBERT, CLASSIFIER, 3)
    projection = (8 + 1) * 12
    saved = [student + 2 * projection, student + projection, student]
    assert asked_for == [checkpoint_bytes(numbers, keep=2) for numbers in saved]


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["distill.projections=per_place", "train.accumulation_steps=2"],
        ["distill.embeddings_scale=0", "train.rematerialize=true"],
        ["distill.intermediate_epochs=0"],
        ["distill.ground_truth_ratio=1"],
    ],
)
def test_the_check_before_a_run_needs_what_the_plan_says(settings, monkeypatch):
    needed = {}
    monkeypatch.setattr(machine, "require_disk", lambda path, size: needed.update(disk=size))
    monkeypatch.setattr(machine, "judge_memory", lambda size, *_: (needed.update(memory=size) or "", False))
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    ready = look("train.dynamic_length=false", *settings, teacher=teacher, source=source)
    material = collect_for_student(ready.task, ready.options, ready.recipe.loss, ready.teacher, ready.size)
    estimate = plan_task_training(
        ready.invocation,
        ready.recipe,
        material,
        plan_task(ready.recipe, material, ready.places),
        "student",
        ready.teacher.description.size,
        ready.recipe.distill.projections,
    ).estimate()
    assert needed == {"disk": estimate.disk_bytes, "memory": estimate.memory.total}


def test_a_fresh_student_has_the_size_of_the_recipe():
    ready = look(
        "model.size=tinybert_4", "distill.intermediate_epochs=0", teacher=make_teacher("classification")
    )
    assert (ready.source, ready.size) == (None, SIZES["tinybert_4"])
