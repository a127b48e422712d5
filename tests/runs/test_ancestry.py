"""Where a run comes from."""

from pathlib import Path

import pytest
import yaml

from mbert_cli.runs.ancestry import ancestors, family_of, origin_in_words, runs_before, task_of, teacher_of


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
