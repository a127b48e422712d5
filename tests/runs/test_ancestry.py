"""Where a run comes from."""

import json
from pathlib import Path

import pytest
import yaml

from mbert_cli.runs.ancestry import (
    ancestors,
    family_of,
    named_run,
    origin_in_words,
    runs_before,
    started_from,
    task_of,
    teacher_of,
)
from mbert_cli.runs.content import Content, FileContent, dump_contents


def write(name: str, **recipe: object) -> Path:
    path = Path(name)
    path.mkdir()
    (path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return path


@pytest.fixture(autouse=True)
def _family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("teacher", seed=0)
    write("student", teacher="teacher", distill={"strategy": "joint"})
    write("tuned", source="student", pretrained=True, task={"source": "glue", "name": "sst2"})
    write(
        "further", source="student", initialize_from="tuned", pretrained=True, task={"train": "data/mail.csv"}
    )
    write("fresh", source="student", pretrained=False, task={"source": "installed_docs"})
    write("big", source="teacher", pretrained=True, task={"source": "glue", "name": "sst2"})
    write("taught", source="student", teacher="big", distill={"strategy": "task"}, task={"name": "sst2"})
    write("taught_alone", source=None, teacher="big", distill={"strategy": "task"}, task={"name": "sst2"})


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("teacher", "teacher"),
        ("student", "student (joint, from teacher)"),
        ("further", "further, from tuned, from student (joint, from teacher)"),
        ("fresh", "fresh"),
        ("taught", "taught (task, from big), from student (joint, from teacher)"),
        ("taught_alone", "taught_alone (task, from big)"),
        ("gone", "gone"),
    ],
)
def test_the_origin_of_a_run_is_told_in_a_line(run, words):
    assert origin_in_words(Path(run)) == words


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("teacher", []),
        ("further", ["tuned", "student", "teacher"]),
        ("fresh", []),
        ("taught", ["student", "big", "teacher"]),
    ],
)
def test_all_runs_before_a_run_are_found_once_the_nearest_first(run, expected):
    assert ancestors(Path(run)) == [Path(name) for name in expected]


def test_runs_that_are_gone_are_named_and_not_followed():
    write("orphan", source="gone", pretrained=True)
    assert runs_before(Path("orphan")) == [Path("gone")]
    assert ancestors(Path("orphan")) == []


@pytest.mark.parametrize(
    ("run", "teacher"),
    [("further", "teacher"), ("taught", "big"), ("fresh", None), ("teacher", None), ("big", None)],
)
def test_the_teacher_is_that_of_the_run_or_of_what_it_began_with(run, teacher):
    assert teacher_of(Path(run)) == (teacher and Path(teacher))


@pytest.mark.parametrize(
    ("run", "teacher", "origin"),
    [
        ("tuned", "teacher", "student (joint, from teacher)"),
        ("taught", "big", "student (joint, from teacher)"),
        ("taught_alone", "big", "fresh weights"),
        ("fresh", None, "fresh weights"),
        ("teacher", None, ""),
    ],
)
def test_the_family_of_a_run_is_its_teacher_and_what_it_began_with(run, teacher, origin):
    assert family_of(Path(run)) == (teacher and Path(teacher), origin)


def test_recipes_that_name_each_other_come_to_an_end():
    write("one", source="other", pretrained=True)
    write("other", source="one", pretrained=True)
    assert teacher_of(Path("one")) is None
    assert origin_in_words(Path("one")) == "one, from other"
    assert ancestors(Path("one")) == [Path("other"), Path("one")]


def test_a_task_is_called_by_its_name_or_its_file():
    assert task_of({"task": {"source": "glue", "name": "sst2"}}) == "sst2"
    assert task_of({"task": {"source": "file", "train": "data/mail.csv"}}) == "mail.csv"
    assert task_of({"task": {"source": "installed_docs"}}) == "installed_docs"
    assert task_of({}) == "a task"


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
def test_a_fine_tuning_started_from_its_source_or_from_another_fine_tuning(recipe, path):
    assert started_from(write("run", **recipe)) == Path(path)


def finish(run: Path, sha256: str) -> Path:
    """Gives a run a result."""
    final = run / "final"
    final.mkdir()
    files = {"weights.safetensors": {"bytes": 1, "sha256": sha256}}
    (final / "manifest.json").write_text(
        json.dumps({"completed": "2026-01-01T00:00:00+00:00", "files": files})
    )
    return run


def write_reader(name: str, sha256: str, **recipe: object) -> Path:
    """A run that read the result of its source."""
    run = write(name, **recipe)
    content = Content("folder", "source", (FileContent("weights.safetensors", 1, sha256),))
    (run / "inputs.json").write_bytes(dump_contents({"source": content}))
    return run


def test_a_run_of_another_project_is_found_there_and_not_by_its_namesake_here():
    Path("project").mkdir()
    finish(write("bert"), "here")
    there = finish(write("project/bert"), "there")
    ours, theirs = (
        write_reader("ours", "here", source="bert"),
        write_reader("project/theirs", "there", source="bert"),
    )
    assert named_run(ours, "source") == Path("bert")
    assert named_run(theirs, "source") == there.resolve()
    assert named_run(theirs, "teacher") is None


def test_a_run_that_is_gone_or_was_made_anew_is_called_as_it_was():
    finish(write("bert"), "anew")
    for name, source in (("a", "bert"), ("b", "gone")):
        assert named_run(write_reader(name, "old", source=source), "source") == Path(source)


def test_runs_that_moved_together_find_each_other_by_what_they_hold():
    Path("moved").mkdir()
    there = finish(write("moved/bert"), "same")
    reader = write_reader("moved/tuned", "same", source="/home/them/project/runs/bert")
    assert named_run(reader, "source") == there.resolve()
    other = write_reader("moved/other", "another", source="/home/them/project/runs/bert")
    assert named_run(other, "source") == Path("/home/them/project/runs/bert")


def test_a_namesake_is_not_taken_for_a_run_of_another_folder_where_nothing_was_recorded():
    Path("moved").mkdir()
    finish(write("moved/bert"), "same")
    reader = write("moved/tuned", source="/home/them/project/runs/bert")
    assert named_run(reader, "source") == Path("/home/them/project/runs/bert")
