"""What a task is read from, as the contents of files."""

from pathlib import Path

import pytest

from mbert_cli.examples.contents import task_contents
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask, TokenTask


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", "sets")


def write(name: str, text: str = "a") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(task) -> dict[str, list[str]]:
    return {key: [file.name for file in content.files] for key, content in task_contents(task, {}).items()}


def test_of_a_folder_of_glue_the_sets_with_labels_count():
    for file in ("train.tsv", "dev_matched.tsv", "dev_mismatched.tsv", "test_matched.tsv"):
        write(f"MNLI/{file}")
    assert names(GlueTask(source="glue", name="mnli", folder="MNLI")) == {
        "task.folder": ["dev_matched.tsv", "dev_mismatched.tsv", "train.tsv"]
    }


@pytest.mark.parametrize(
    ("task", "dataset"),
    [
        (GlueTask(source="glue", name="sst2"), "glue/sst2"),
        (SquadTask(source="squad", version="v2.0"), "squad/v2.0"),
    ],
)
def test_of_a_prepared_data_set_all_files_count(task, dataset):
    assert names(task) == {}
    write(f"sets/{dataset}/1.0.0/shard")
    write(f"sets/{dataset}/1.0.0.incomplete-x/shard")
    assert names(task) == {"task.data_dir": ["1.0.0/shard"]}


@pytest.mark.parametrize(
    ("kind", "source"), [(FileTask, "file"), (TokenTask, "tokens"), (SquadTask, "squad")]
)
def test_of_files_those_count_that_are_named(kind, source):
    write("t.jsonl")
    write("v.jsonl", "b")
    assert names(kind(source=source, train="t.jsonl")) == {"task.train": ["t.jsonl"]}
    both = kind(source=source, train="t.jsonl", validation="v.jsonl")
    assert names(both) == {"task.train": ["t.jsonl"], "task.validation": ["v.jsonl"]}
    first = task_contents(both, {})
    write("t.jsonl", "c")
    second = task_contents(both, first)
    assert [key for key in first if first[key].identity != second[key].identity] == ["task.train"]


def test_of_the_demonstration_each_package_counts():
    assert names(InstalledDocsTask(source="installed_docs", packages=["safetensors"])) == {
        "task.packages": ["safetensors"]
    }
