"""Whether a run that is there is the one that a command would write."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.model.options import SIZES
from mbert_cli.preflight.resolving import inspect, resolve
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.directory import RunDir
from mbert_cli.tasks.learning_rate import rate_for


def test_a_run_that_is_continued_needs_its_recipe_and_the_inputs_that_it_began_with(make_run, checks):
    make_run("train-teacher")
    Path("t.csv").write_text("text,label\na,b\n")
    settings = ("source=runs/train-teacher", "task.train=t.csv", "train.max_steps=8")
    assert "run" not in checks("finetune", "file", *settings)
    invocation = invoke("finetune", "file", settings, {})
    contents = input_contents(invocation.loaded.recipe)
    recipe = invocation.loaded.values()
    recipe["train"]["optimizer"] |= {"learning_rate": rate_for(SIZES["ib_bert_laptop"])}
    RunDir.open(invocation.run, "finetune", recipe, fresh=False, origin={}, contents=contents).close()
    for named in (
        settings,
        settings[1:],
        (*settings, "train.max_steps=9"),
    ):  # a source is known from the record
        assert checks("finetune", "file", *named)["run"] == (
            True, "runs/finetune-file continues, with the inputs that it began with",
        )  # fmt: skip
    fewer = checks("finetune", "file", *settings, "train.max_steps=7")["run"]
    assert fewer == (
        False,
        (
            "A run can continue for more steps, never for fewer. "
            "Received: train.max_steps 7 for runs/finetune-file, which has 8"
        ),
    )
    clipped = checks("finetune", "file", *settings, "train.optimizer.clip_norm=null")["run"]
    assert not clipped[0]
    assert clipped[1].endswith("  train.optimizer.clip_norm: null (the run in runs/finetune-file has 1.0)")
    other = checks("finetune", "file", *settings, "seed=1")["run"]
    assert other == (
        False,
        (
            "A run directory belongs to one recipe. Received: another one for runs/finetune-file\n"
            "  seed: 1 (the run in runs/finetune-file has 0)"
        ),
    )
    Path("t.csv").write_text("text,label\nb,a\n")
    passed, finding = checks("finetune", "file", *settings)["run"]
    assert not passed
    assert finding.startswith(
        "A run continues with the inputs that it began with. Received: others for runs/finetune-file\n"
        "  task.train: t.csv has 15 bytes (sha256 "
    )
    found = {check.name: check for check in inspect(replace(invocation, fresh=True))}
    assert (found["run"].passed, found["run"].text) == (True, "runs/finetune-file is moved aside")


@pytest.mark.parametrize("fresh", [False, True])
def test_a_run_is_not_written_over_what_it_begins_with(make_run, fresh):
    make_run("train-teacher")
    Path("t.csv").write_text("text,label\na,b\n")
    settings = ["source=runs/train-teacher", "task.train=t.csv"]
    invocation = invoke("finetune", "file", settings, {}, run=Path("runs/../runs/train-teacher"), fresh=fresh)
    found = {check.name: check for check in inspect(invocation)}
    assert (found["run"].passed, found["run"].text) == (
        False, "A run is written beside what it reads. Received: source runs/train-teacher, in runs/../runs/train-teacher",
    )  # fmt: skip


@pytest.mark.parametrize("named", [True, False])
def test_inputs_of_a_run_that_is_gone_are_told_once(named, make_run, checks):
    source = make_run("train-teacher")
    Path("t.csv").write_text("text,label\na,b\n")
    settings = (f"source={source}", "task.train=t.csv", "train.max_steps=8")
    invocation = invoke("finetune", "file", settings, {})
    RunDir.open(
        invocation.run, "finetune", invocation.loaded.values(), fresh=False, origin={}, contents={}
    ).close()
    shutil.rmtree(source)
    found = checks("finetune", "file", *settings[0 if named else 1 :])
    assert found["source"] == (False, f"A run directory must exist. Received: {source}")
    assert "run" not in found


def test_more_steps_of_a_stage_that_is_over_are_refused_before_anything_is_built(
    make_run, make_store, checks
):
    make_run("train-teacher")
    make_store()
    settings = ["distill.transfer_steps=40", "distill.pretraining_steps=60"]
    ready = resolve(invoke("distill", "quickstart", settings, {}))
    path = ready.invocation.directory
    contents = input_contents(ready.recipe)
    RunDir.open(path, "distill", ready.recipe.model_dump(), fresh=False, origin={}, contents=contents).close()
    (path / "checkpoints/step-000050").mkdir(parents=True)
    longer = ["distill.transfer_steps=40", "distill.pretraining_steps=80"]
    assert checks("distill", "quickstart", *longer)["run"][0]
    passed, finding = checks("distill", "quickstart", "distill.transfer_steps=80", settings[1])["run"]
    assert not passed
    assert finding.startswith(
        "A stage that is over takes no more steps. Received: distill.transfer_steps 80 for "
    )
