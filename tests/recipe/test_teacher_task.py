"""A distillation on a task takes the task of its teacher unless it names one."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask
from mbert_cli.recipe.invocation import invoke
from tests.tasks.toy_distillation import make_teacher, task_of

FLAGS = {"--strategy": ("distill.strategy", "task")}


pytestmark = pytest.mark.usefixtures("empty_folder")


def task(*settings: str, recipe: str | None = None, flags: dict | None = None) -> AnyTask | None:
    return invoke("distill", recipe, settings, FLAGS | (flags or {})).recipe.task


def test_the_named_teacher_s_task_is_taken_and_single_keys_of_it_can_be_set():
    teacher = make_teacher("regression")
    known = task_of("regression")
    assert task(f"teacher={teacher}") == task(flags={"--teacher": ("teacher", str(teacher))}) == known
    shorter = known.model_copy(update={"sequence_length": 6})
    assert task(f"teacher={teacher}", "task.sequence_length=6") == shorter
    Path("mine.yaml").write_text(
        f"teacher: {teacher}\ndistill:\n  strategy: task\ntask:\n  sequence_length: 6\n"
    )
    assert task(recipe="mine.yaml") == shorter


def test_a_task_that_is_named_counts():
    teacher = make_teacher("regression")
    assert task(f"teacher={teacher}", "task.source=installed_docs").source == "installed_docs"
    assert task(f"teacher={teacher}", "task={source: installed_docs}").source == "installed_docs"


def test_without_a_teacher_the_task_stays_open():
    assert task() is None
    assert task("teacher=runs/none") is None


def test_the_newest_task_model_teaches_where_none_is_named():
    make_teacher("regression")
    assert task() == task_of("regression")


def test_a_student_s_task_is_not_taken_for_its_teacher_s():
    make_teacher("regression")
    Path("runs/teacher").rename("runs/first")
    student = make_teacher("classification", verb="distill-task")
    assert task() == task_of("regression")
    assert task(f"teacher={student}") == task_of("classification")


def refused(*settings: str) -> tuple[str, str | None]:
    with pytest.raises(UserError) as caught:
        task(*settings)
    return caught.value.message, caught.value.hint


def test_keys_of_a_task_that_no_teacher_names_are_refused_by_what_is_wrong_with_the_teacher():
    unlabelled = "task.unlabelled=[mails.txt]"
    message, hint = refused(unlabelled)
    assert message == (
        "Keys of task alone change the task of the teacher, which has to be known. "
        "Received: task.unlabelled with no teacher"
    )
    assert hint == (
        "Name a run of `mbert finetune` with --teacher, or a task of your own with task.source, such as --set "
        "task.source=file."
    )
    assert refused(unlabelled, "teacher=runs/none")[0] == "A run directory must exist. Received: runs/none"
    teacher = make_teacher("regression", verb="import")
    assert refused(unlabelled, f"teacher={teacher}")[0].endswith(
        "Received: task.unlabelled with the teacher runs/teacher, which knows no files of a task"
    )
