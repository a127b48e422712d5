"""Whether a task can be read, and what is known of it then."""

import pytest

from mbert_cli.preflight import task as task_check
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


def test_the_columns_of_a_task_are_looked_at(make_run, checks, table):
    make_run("distill", "mobilebert_laptop")
    table("mail.csv", "body,folder", *(f"text {i},{'spam' if i % 2 else 'ham'}" for i in range(40)))
    columns = ["task.train=mail.csv", "task.text=body"]
    found = checks("finetune", "file", *columns, "task.label=folder")
    assert found["task"][0]
    assert found["task"][1].startswith("mail.csv: 2 labels (ham, spam), ")
    passed, finding = checks("finetune", "file", *columns, "task.label=lable")["task"]
    assert not passed
    assert "lable" in finding


def test_a_cell_that_cannot_be_read_is_told(checks, table):
    table("t.csv", "text,label", *(f"text {i},{i / 10}" for i in range(30)), "text,high")
    passed, finding = checks("finetune", "file", "task.train=t.csv", "task.kind=regression")["task"]
    assert not passed
    assert "high" in finding


@pytest.mark.parametrize("rows", [40, 40_000])
def test_what_is_read_of_a_task_is_handed_on_whatever_its_size(rows, monkeypatch, make_run, table):
    make_run("distill", "mobilebert_laptop")
    table("t.csv", "text,label", *(f"text number {i} of them all,{i % 2}" for i in range(rows)))
    read = []
    load_task = task_check.load_task
    monkeypatch.setattr(task_check, "load_task", lambda *words: read.append(words) or load_task(*words))
    ready = resolve(invoke("finetune", "file", ["task.train=t.csv"], {}))
    assert len(read) == 1
    assert len(ready.task.train) + len(ready.task.validation) == rows


def test_questions_need_their_files_or_the_data_set(monkeypatch, tmp_path, checks):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert checks("finetune", "squad_v1")["task"] == (
        False,
        f"The data set squad/v1.1 must be prepared. Received: no folder {tmp_path}/squad/v1.1",
    )
    assert checks("finetune", "squad_v1", "task.train=train.json")["task"] == (
        False,
        "task.train must be a file. Received: train.json",
    )


def test_factors_that_do_not_fit_the_labels_are_told(checks, table):
    table("t.csv", "text,label", *(f"text {i},{i % 3}" for i in range(40)))
    settings = ["task.train=t.csv", "loss.class_weights=[1.0, 2.0]"]
    assert checks("finetune", "file", *settings)["task"] == (
        False,
        "loss.class_weights must have a factor for each label: 0, 1, 2. Received: 2 factors",
    )


def test_a_batch_is_as_long_as_the_texts_allow(small_machine, make_run, checks, table):
    make_run("distill", "mobilebert")
    table("t.csv", "text,label", *(f"a short text {i},{i % 2}" for i in range(200)))
    settings = ["task.train=t.csv", "task.sequence_length=512", "train.batch_size=4096"]
    passed, finding = checks("finetune", "file", *settings)["memory"]
    assert passed
    assert " x 6 tokens (an estimate)" in finding
