"""What each recipe reads, by its key."""

import json
from pathlib import Path

import pytest

from mbert_cli.recipe.contents import input_contents, run_content
from mbert_cli.recipe.loading import load
from mbert_cli.runs.manifest import write_directory


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", "sets")


def write(name: str, text: str = "a") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def make_run(name: str, **files: str) -> Path:
    def fill(folder: Path) -> None:
        for file, text in files.items():
            (folder / file.replace("_json", ".json")).write_text(text)

    write_directory(Path(name, "final"), fill)
    return Path(name)


def contents(verb: str, recipe: str, *settings: str, run: Path | None = None):
    return input_contents(load(verb, recipe, settings).recipe, run)


def names(found) -> dict[str, list[str]]:
    return {key: [file.name for file in content.files] for key, content in found.items()}


def test_a_fine_tuning_reads_its_source_and_the_files_of_its_task():
    make_run("runs/s", weights="w", recipe_yaml="r", summary_json="s")
    write("t.csv")
    write("v.csv", "b")
    found = contents("finetune", "file", "source=runs/s", "task.train=t.csv", "task.validation=v.csv")
    assert names(found) == {
        "source": ["recipe_yaml", "weights"], "task.train": ["t.csv"], "task.validation": ["v.csv"],
    }  # fmt: skip
    make_run("runs/m", weights="w")
    found = contents("finetune", "tokens", "initialize_from=runs/m", "task.train=t.csv")
    assert names(found) == {"initialize_from": ["weights"], "task.train": ["t.csv"]}
    found = contents("finetune", "squad_v1", "task.train=t.csv")
    assert names(found) == {"task.train": ["t.csv"]}


def test_of_a_folder_of_glue_the_sets_with_labels_count():
    for file in ("train.tsv", "dev_matched.tsv", "dev_mismatched.tsv", "test_matched.tsv"):
        write(f"MNLI/{file}")
    found = contents("finetune", "mnli", "task.folder=MNLI")
    assert names(found) == {"task.folder": ["dev_matched.tsv", "dev_mismatched.tsv", "train.tsv"]}


@pytest.mark.parametrize(("recipe", "dataset"), [("sst2", "glue/sst2"), ("squad_v2", "squad/v2.0")])
def test_of_a_prepared_data_set_all_files_count(recipe, dataset):
    assert contents("finetune", recipe) == {}
    write(f"sets/{dataset}/1.0.0/shard")
    write(f"sets/{dataset}/1.0.0.incomplete-x/shard")
    assert names(contents("finetune", recipe)) == {"task.data_dir": ["1.0.0/shard"]}


def test_of_packages_each_has_one_hash_of_its_source(tmp_path, monkeypatch):
    write("pack/__init__.py", '"""Text."""')
    write("pack/one.py", "x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    before = contents("prepare", "quickstart", "corpus.packages=[pack]")["corpus.packages"]
    assert names({"corpus": before}) == {"corpus": ["pack"]}
    write("pack/one.py", "x = 2")
    after = contents("finetune", "quickstart", "task.packages=[pack]")["task.packages"]
    assert after.identity != before.identity
    write("pack/one.py", "x = 1")
    again = contents("prepare", "quickstart", "corpus.packages=[pack]")["corpus.packages"]
    assert again.identity == before.identity


def test_preparing_reads_the_files_of_the_corpus_in_their_order_and_a_vocabulary():
    write("books/a.txt")
    write("books/b.md", "b")
    write("vocab.txt")
    found = contents("prepare", "books")
    assert names(found) == {"corpus.globs": ["books/a.txt", "books/b.md"], "vocabulary.file": ["vocab.txt"]}
    write("matched_tokens.json")
    found = contents("prepare", "books")
    assert names(found)["vocabulary.file"] == ["vocab.txt", "matched_tokens.json"]


def test_distilling_reads_a_teacher_and_a_token_store_whose_report_does_not_count():
    make_run("runs/t", weights="w")
    stores = [
        make_run(
            f"runs/p{seconds}", tokens="t", store_json=json.dumps({"x": x, "report": {"seconds": seconds}})
        )
        for seconds, x in ((1, 0), (2, 0), (3, 1))
    ]
    found = contents("distill", "quickstart", "teacher=runs/t", "data.run=runs/p1")
    assert names(found) == {"teacher": ["weights"], "data.run": ["store.json", "tokens"]}
    first, second, third = (run_content(store).identity for store in stores)
    assert first == second != third
