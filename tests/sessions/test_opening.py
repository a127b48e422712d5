"""The run that a command writes, begun and continued."""

from pathlib import Path

import keras
import pytest

from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.content import files_content
from mbert_cli.sessions.opening import open_run


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def open_teacher(contents=None, *settings: str):
    invocation = invoke("train-teacher", "quickstart", ["seed=3", *settings], {}, run=Path("runs/t"))
    return open_run(invocation, invocation.recipe, contents or {})


def test_a_run_knows_its_recipe_and_where_it_was_trained():
    with open_teacher() as run:
        (session,) = run.origin["sessions"]
    assert (run.path, run.verb, run.recipe["seed"]) == (Path("runs/t"), "train-teacher", 3)
    assert (session["seed"], session["backend"]) == (3, keras.backend.backend())
    assert "cpu" in session["device"]


def test_inputs_that_lie_elsewhere_are_said_when_a_run_continues(capsys):
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "store").write_text("tokens")
    open_teacher({"data.run": files_content("a", [Path("a/store")])}, "data.run=a").close()
    assert capsys.readouterr().err == ""
    open_teacher({"data.run": files_content("b", [Path("b/store")])}, "data.run=b").close()
    assert capsys.readouterr().err == "data.run: b in place of a, with the same content\n"
