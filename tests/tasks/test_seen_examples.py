"""A task that is validated on what it learns from."""

from pathlib import Path

from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.seen_examples import warn_of_training_examples


def contents(recipe: str, *settings: str):
    return input_contents(load("finetune", recipe, settings).recipe)


def test_a_task_that_is_validated_on_what_it_learns_from_is_told(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("RTE").mkdir()
    for file in ("t.csv", "RTE/train.tsv", "RTE/dev.tsv"):
        Path(file).write_text("a")
    Path("u.csv").write_text("b")
    Path("v.csv").symlink_to("t.csv")
    for validation in ("v.csv", "u.csv"):
        warn_of_training_examples(contents("file", "task.train=t.csv", f"task.validation={validation}"))
    warn_of_training_examples(contents("file", "task.train=t.csv"))
    warn_of_training_examples(contents("rte", "task.folder=RTE"))
    end = "the score is of examples that are trained on"
    assert capsys.readouterr().err.splitlines() == [
        f"Warning: task.validation (v.csv) holds what the training file holds: {end}",
        f"Warning: dev.tsv holds what the training file holds: {end}",
    ]
