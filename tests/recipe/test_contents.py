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


def test_preparing_reads_the_files_of_the_corpus_and_a_vocabulary_with_what_lies_beside_it():
    write("books/a.txt")
    write("books/b.md", "b")
    write("vocab.txt")
    found = contents("prepare", "books")
    assert names(found) == {"corpus.globs": ["books/a.txt", "books/b.md"], "vocabulary.file": ["vocab.txt"]}
    write("matched_tokens.json")
    found = contents("prepare", "books")
    assert names(found)["vocabulary.file"] == ["vocab.txt", "matched_tokens.json"]
