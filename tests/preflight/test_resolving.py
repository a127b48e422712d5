"""The pre-flight of each verb, by its name."""

import subprocess
import sys

import pytest

from mbert_cli.preflight.resolving import page_of
from mbert_cli.recipe.schema import RECIPES


def test_a_backend_that_is_missing_is_told(monkeypatch, checks):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert checks("prepare")["backend"] == (
        False,
        "KERAS_BACKEND must be tensorflow or jax. Received: torch",
    )


@pytest.mark.parametrize("verb", RECIPES)
def test_every_verb_with_a_recipe_has_a_pre_flight(verb):
    assert callable(page_of(verb).resolve)
    assert page_of(verb).Ready


def test_looking_at_what_a_verb_needs_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys\n"
        "from mbert_cli.preflight.resolving import page_of\n"
        "from mbert_cli.recipe.schema import RECIPES\n"
        "for verb in RECIPES:\n    page_of(verb)\n"
        "heavy = ('keras', 'tensorflow', 'tensorflow_text', 'tensorflow_datasets', 'jax', 'torch', 'sklearn')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_findings_come_in_the_order_in_which_a_command_needs_them(checks, make_run):
    make_run("train-teacher")
    assert list(checks("distill")) == [
        "recipe", "backend", "teacher", "stages", "token store", "sequence length, student",
        "sequence length, teacher", "layers", "disk", "memory",
    ]  # fmt: skip


def test_nothing_is_said_beside_the_findings(checks, make_run, capsys):
    make_run("train-teacher")
    checks("distill")
    assert capsys.readouterr() == ("", "")
