"""The pre-flight of each verb, by its name."""

import subprocess
import sys
from pathlib import Path

import pytest

import mbert_cli
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.preflight.resolving import page_of, resolve
from mbert_cli.recipe.invocation import invoke
from mbert_cli.recipe.schema import OTHER_KINDS, RECIPES
from mbert_cli.runs import complete
from mbert_cli.weights.description import ModelDescription


def test_a_backend_that_is_missing_is_told(monkeypatch, checks):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert checks("prepare")["backend"] == (
        False,
        "KERAS_BACKEND must be tensorflow or jax. Received: torch",
    )


@pytest.mark.parametrize("verb", [*RECIPES, *OTHER_KINDS])
def test_every_verb_with_a_recipe_has_a_pre_flight(verb):
    assert callable(page_of(verb).resolve)
    assert page_of(verb).Ready


def test_looking_at_what_a_verb_needs_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys\n"
        "from mbert_cli.preflight.resolving import page_of\n"
        "from mbert_cli.recipe.schema import OTHER_KINDS, RECIPES\n"
        "for verb in [*RECIPES, *OTHER_KINDS]:\n    page_of(verb)\n"
        "heavy = ('keras', 'tensorflow', 'tensorflow_text', 'tensorflow_datasets', 'jax', 'torch', 'sklearn')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_findings_come_in_the_order_in_which_a_command_needs_them(checks, make_run):
    make_run("train-teacher")
    assert list(checks("distill")) == [
        "recipe", "backend", "stages", "teacher", "token store", "sequence length, student",
        "sequence length, teacher", "layers", "heads", "disk", "memory",
    ]  # fmt: skip


def test_nothing_is_said_beside_the_findings(checks, make_run, capsys):
    make_run("train-teacher")
    checks("distill")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("verb", "opened"),
    [
        ("distill", ["runs/prepare/final", "runs/train-teacher/final"]),
        ("finetune", ["runs/train-teacher/final"]),
        ("eval", ["runs/finetune/final"]),
        ("predict", ["runs/finetune/final"]),
        ("export-tflite", ["runs/finetune/final"]),
    ],
)
def test_each_run_is_opened_once(verb, opened, make_run, make_store, monkeypatch):
    make_store()
    make_run("train-teacher")
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    verified, described = [], []
    verify, load = complete.verify_directory, ModelDescription.load

    def describe(folder):
        described.append(str(folder))
        return load(folder)

    monkeypatch.setattr(complete, "verify_directory", lambda path: verified.append(str(path)) or verify(path))
    monkeypatch.setattr(ModelDescription, "load", describe)
    resolve(invoke(verb, "quickstart", [], {}))
    assert sorted(verified) == opened
    assert described == [path for path in opened if path != "runs/prepare/final"]


@pytest.mark.parametrize("verb", [*RECIPES, *OTHER_KINDS])
def test_the_page_of_a_verb_opens_nothing_that_its_pre_flight_opened(verb):
    page = page_of(verb).__name__.rpartition(".")[2]
    text = (Path(mbert_cli.__file__).parent / "commands" / f"{page}.py").read_text()
    opening = ["ModelDescription.load", "RunModel.open", "verify_directory", "newest_complete", "find_run"]
    opening += ["recorded_recipe", "open_task_model", "find_target", *(["Run.open"] * (verb != "prepare"))]
    assert [name for name in opening if name in text] == []
