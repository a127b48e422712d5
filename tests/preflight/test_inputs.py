"""Which runs a verb takes when its recipe does not say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.errors import UserError
from mbert_cli.preflight.inputs import find_run, with_input, with_store_of
from mbert_cli.recipe.invocation import Invocation, invoke
from mbert_cli.recipe.loading import load
from mbert_cli.runs.complete import Run
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.lineage import TASK_MODELS


def complete_run(path: Path, verb: str, recipe: dict) -> RunDir:
    """A run with an empty result."""
    with RunDir.open(path, verb, recipe, fresh=False, origin={}) as run:
        run.finish(lambda directory: None)
    return Run.open(path, (verb,))


@pytest.fixture
def invocation(tmp_path) -> Invocation:
    root = tmp_path / "runs"
    return Invocation("distill", load("distill"), root, run=root / "distill-quickstart")


def test_null_takes_the_newest_complete_run_and_says_so(invocation, capsys):
    complete_run(invocation.root / "first", "train-teacher", {})
    second = complete_run(invocation.root / "second", "train-teacher", {"seed": 1})
    manifest = second.final / "manifest.json"
    later = json.loads(manifest.read_text()) | {"completed": "2999-01-01T00:00:00+00:00"}
    manifest.write_text(json.dumps(later))
    assert find_run(invocation, None, "teacher", ("train-teacher",)).path == second.path
    assert capsys.readouterr().err == f"teacher: {second.path}, the newest complete train-teacher run\n"


def test_a_distilled_task_model_teaches_others_only_where_it_is_named(invocation, capsys):
    student = complete_run(invocation.root / "student", "distill-task", {})
    with pytest.raises(UserError, match="needs a complete finetune run"):
        find_run(invocation, None, "teacher", TASK_MODELS)
    assert find_run(invocation, str(student.path), "teacher", TASK_MODELS).path == student.path
    assert find_run(invocation, None, "initialize_from", TASK_MODELS).path == student.path
    fine_tuned = complete_run(invocation.root / "fine-tuned", "finetune", {})
    assert find_run(invocation, None, "teacher", TASK_MODELS).path == fine_tuned.path
    assert capsys.readouterr().err.endswith("the newest complete finetune run\n")


def test_a_continued_run_keeps_the_input_it_began_with_and_says_so_where_another_is_newer(invocation, capsys):
    first = complete_run(invocation.root / "first", "train-teacher", {})
    RunDir.open(invocation.run, "distill", {"teacher": str(first.path)}, fresh=False, origin={}).close()
    assert find_run(invocation, None, "teacher", ("train-teacher",)).path == first.path
    assert capsys.readouterr().err == ""
    second = complete_run(invocation.root / "second", "train-teacher", {})
    assert find_run(invocation, None, "teacher", ("train-teacher",)).path == first.path
    assert capsys.readouterr().err == (
        f"teacher: {first.path}, with which {invocation.run} began; {second.path} is newer\n"
    )


def test_no_run_at_all_is_one_sentence_with_the_command_that_makes_one(invocation):
    with pytest.raises(UserError) as error:
        find_run(invocation, None, "teacher", ("train-teacher",))
    assert error.value.message == (
        f"`mbert distill` needs a complete train-teacher run. Received: none in {invocation.root}"
    )
    assert error.value.hint == "Make one with `mbert train-teacher`, or name one with --set teacher=DIR."


@pytest.mark.parametrize(
    ("verb", "key", "settings", "hint"),
    [
        ("distill", "teacher", ["plan.devices=8"], " --set plan.teacher=SIZE plans without; "),
        ("distill", "teacher", ["plan.teacher=bert_base"], " --set plan.devices=1 plans without."),
        ("distill", "teacher", ["plan.teraflops=1"], " --set plan.devices=1 --set plan.teacher=SIZE plans without; "),
        ("train-teacher", "data.run", ["plan.teraflops=1"], " --set plan.devices=1 plans without."),
    ],
)  # fmt: skip
def test_a_dry_run_is_told_how_it_plans_without_teacher_or_token_store(invocation, verb, key, settings, hint):
    plan = replace(invocation, loaded=load(verb, settings=settings), dry_run=True)
    with pytest.raises(UserError) as error:
        find_run(plan, None, key, ("train-teacher",))
    assert hint in error.value.hint
    with pytest.raises(UserError) as error:
        find_run(replace(plan, probe=True), None, key, ("train-teacher",))
    assert "plans without" not in error.value.hint


def test_a_student_takes_the_token_store_of_its_teacher(invocation, capsys):
    store = complete_run(invocation.root / "store", "prepare", {})
    teacher = complete_run(invocation.root / "teacher", "train-teacher", {"data": {"run": str(store.path)}})
    assert with_store_of(PretrainingOptions(), teacher).run == str(store.path)
    assert capsys.readouterr().err == f"data.run: {store.path}, the teacher's own token store\n"


def test_a_token_store_that_is_named_stays(invocation):
    teacher = complete_run(invocation.root / "teacher", "train-teacher", {"data": {"run": "gone"}})
    assert with_store_of(PretrainingOptions(run="mine"), teacher).run == "mine"
    assert with_store_of(PretrainingOptions(), teacher).run is None


def test_what_was_found_is_written_into_the_recipe(invocation):
    teacher = complete_run(invocation.root / "teacher", "train-teacher", {})
    recipe = with_input(load("distill").recipe, "teacher", teacher)
    assert recipe.teacher == str(teacher.path)
    assert with_input(recipe, "data.run", teacher).data.run == str(teacher.path)
    assert yaml.safe_load((teacher.path / "recipe.yaml").read_text()) == {}


@pytest.mark.parametrize(
    ("smoke", "maker"), [(False, "mbert train-teacher"), (True, "mbert train-teacher --smoke")]
)
def test_a_smoke_run_is_told_how_to_make_what_it_needs_as_a_smoke_run(smoke, maker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invocation = invoke("distill", "quickstart", [], {}, smoke=smoke)
    with pytest.raises(UserError) as caught:
        find_run(invocation, None, "teacher", ("train-teacher", "import"))
    assert caught.value.hint == f"Make one with `{maker}`, or name one with --set teacher=DIR."
