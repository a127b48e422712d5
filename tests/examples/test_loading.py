"""Which library does a paragraph document: examples of the demonstration's task."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from mbert_cli.corpus.document import Document, is_held_out
from mbert_cli.errors import UserError
from mbert_cli.examples import loading as tasks
from mbert_cli.examples.loading import load_task, require_task
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask, Task, TokenTask

WORDS = "word " * 11


def fake_documents(options):
    """Modules of two libraries, four paragraphs each."""
    for label in options.packages:
        for module in range(60):
            name = f"{label}.module_{module}"
            paragraphs = [f"{WORDS}{name}-{number}" for number in range(4)] + ["too short"]
            yield Document(name, paragraphs, label=label, hash_key=name)


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(tasks, "installed_documents", fake_documents)


def load(packages, limit: int = 1500):
    return load_task(
        InstalledDocsTask(source="installed_docs", packages=packages, max_examples_per_label=limit)
    )


def modules(texts: list[str]) -> set[str]:
    return {text.split()[-1].rpartition("-")[0] for text in texts}


def test_modules_are_wholly_on_one_side_by_the_hash_of_the_store(fake):
    task = load(["one", "two"])
    assert not modules(task.train.texts) & modules(task.validation.texts)
    for name in modules(task.train.texts):
        assert not is_held_out(Document(name, [], hash_key=name), 0.1)
    assert len(task.train) + len(task.validation) == 2 * 60 * 4
    assert (task.name, task.output_names, task.metrics) == (
        "installed_docs",
        ["one", "two"],
        (),
    )


def test_labels_are_the_libraries_and_short_paragraphs_are_left_out(fake):
    task = load(["two", "one"])
    assert task.output_names == ["two", "one"]
    for text, label in zip(task.train.texts, task.train.labels, strict=True):
        assert text.split()[-1].startswith(task.output_names[label])
    assert task.train.labels.dtype == np.int32


def test_examples_of_a_library_are_limited_and_always_the_same_ones(fake):
    task = load(["one", "two"], limit=50)
    np.testing.assert_array_equal(np.bincount(task.train.labels), [45, 45])
    np.testing.assert_array_equal(np.bincount(task.validation.labels), [5, 5])
    assert task.train.texts == load(["one", "two"], limit=50).train.texts
    assert set(task.train.texts) <= set(load(["one", "two"]).train.texts)


def test_default_task_has_no_paragraph_on_both_sides():
    task = load(["keras", "sklearn"], limit=400)
    assert not set(task.train.texts) & set(task.validation.texts)
    np.testing.assert_array_equal(np.bincount(task.train.labels), [360, 360])
    np.testing.assert_array_equal(np.bincount(task.validation.labels), [40, 40])


@pytest.mark.parametrize(
    ("packages", "received"), [(["safetensors", "rich"], "safetensors"), (["rich"], "rich")]
)
def test_libraries_with_too_little_documentation_are_refused(packages, received):
    with pytest.raises(UserError) as caught:
        load(packages)
    assert caught.value.message == (
        "Each of at least two packages must have documentation to train and to validate on. "
        f"Received: {received}"
    )
    assert caught.value.hint == "Set task.packages to packages with more documentation."


def why_refused(options) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        require_task(options)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(("kind", "source"), [(FileTask, "file"), (TokenTask, "tokens")])
def test_a_task_file_that_is_missing_is_refused(kind, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task = kind(source=source, train="train.tsv", validation="dev.tsv")
    assert why_refused(task)[0] == "task.train must be a file. Received: train.tsv"
    Path("train.tsv").touch()
    assert why_refused(task)[0] == "task.validation must be a file. Received: dev.tsv"
    Path("dev.tsv").touch()
    require_task(task)


def test_questions_that_are_read_alone_need_no_other_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task = SquadTask(source="squad", train="train.json", validation="dev.json")
    Path("dev.json").touch()
    require_task(task, "validation")
    assert why_refused(task)[0] == "task.train must be a file. Received: train.json"
    with pytest.raises(UserError, match=r"task\.train must be a file"):
        require_task(task, "train")
    with pytest.raises(UserError, match=r"task\.train must be a file"):
        require_task(task.model_copy(update={"validation": None}), "validation")


@pytest.mark.parametrize(
    "settings",
    [{"source": "file", "train": "~/a.csv"}, {"source": "file", "train": "a.csv", "validation": "~/a.csv"},
     {"source": "tokens", "train": "~/a.csv"}, {"source": "squad", "train": "~/a.csv"},
     {"source": "file", "train": "a.csv", "unlabelled": ["~/a.csv"]},
     {"source": "glue", "name": "sst2", "folder": ".", "train": "~/a.csv"},
     {"source": "glue", "name": "sst2", "folder": "~/a.csv"}],
)  # fmt: skip
def test_a_file_in_the_home_directory_is_written_out(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("a.csv").touch()
    if settings.get("folder", "").startswith("~"):
        Path("a.csv").unlink()
        Path("a.csv").mkdir()
    message, hint = why_refused(TypeAdapter(Task).validate_python(settings))
    assert "Received: ~/a.csv" in message
    assert hint == f"Write {tmp_path}/a.csv: ~ is the home directory to a shell alone, and not behind =."


def test_a_glue_folder_that_is_missing_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task = GlueTask(source="glue", name="sst2", folder="GLUE/SST-2")
    assert why_refused(task)[0] == (
        "task.folder must be a folder with the task's TSV files. Received: GLUE/SST-2"
    )
    Path("GLUE/SST-2").mkdir(parents=True)
    require_task(task)
