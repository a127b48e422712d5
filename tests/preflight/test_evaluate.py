"""What `mbert eval` needs."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


@pytest.fixture
def run(make_run, table) -> Path:
    table("t.csv", "text,label", *(f"text {number},{('keras', 'numpy')[number % 2]}" for number in range(40)))
    return make_run("finetune", "mobilebert_laptop", FileTask(source="file", train="t.csv"))


def test_models_and_task_are_opened_and_handed_on(run):
    ready = resolve(invoke("eval", "quickstart", [], {}, targets=(run, run)))
    assert [model.path for model in ready.models] == [run, run]
    assert ready.options == ready.models[0].own_task
    assert sum(map(len, ready.task.sets.values())) == 40


def test_an_artifact_that_is_not_there_is_refused_also_by_a_dry_run():
    with pytest.raises(UserError, match=r"Received: gone\.tflite"):
        resolve(invoke("eval", "quickstart", [], {}, targets=(Path("gone.tflite"),), dry_run=True))


def test_a_submission_answers_the_whole_of_the_test_sets(run):
    with pytest.raises(UserError, match=r"Received: evaluate\.split beside --submission"):
        resolve(invoke("eval", "quickstart", ["evaluate.split=train"], {}, submission=Path("answers")))


def test_the_files_of_a_task_that_are_gone_are_told(run, checks):
    Path("t.csv").unlink()
    assert checks("eval")["task"] == (False, "task.train must be a file. Received: t.csv")


def test_labels_that_a_model_does_not_know_are_refused_also_by_a_dry_run(run, table):
    table("u.csv", "text,label", *(f"text {number},{('jax', 'numpy')[number % 2]}" for number in range(40)))
    settings = ["task.source=file", "task.train=u.csv"]
    with pytest.raises(UserError, match=r"Received: jax, numpy in u\.csv for .*, which knows keras, numpy"):
        resolve(invoke("eval", "quickstart", settings, {}, targets=(run,), dry_run=True))
