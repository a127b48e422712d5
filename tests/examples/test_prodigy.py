"""Rows of Prodigy about whole texts: those that count, and the options that were chosen."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import FileTask
from mbert_cli.examples.table_files import Columns, read_table_texts


def row(text: str, answer: str = "accept", **more) -> dict:
    return {"text": text, "_input_hash": 1, "_task_hash": 2, "answer": answer} | more


OPTIONS = [{"id": "SEA", "text": "The sea"}, {"id": "MONEY", "text": "Money"}]


@pytest.fixture
def write(tmp_path):
    def write(*rows: dict) -> str:
        path = tmp_path / "t.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        return str(path)

    return write


def load(path: str, **options):
    return load_task(FileTask(source="file", train=path, validation=path, **options))


def test_rows_that_were_rejected_or_ignored_are_left_out_and_said(write):
    path = write(
        row("waves", label="SEA"), row("salt", "reject", label="MONEY"), row("coins", label="MONEY"),
        row("?", "ignore", label="SEA"), row("!", "reject", label=None),
    )  # fmt: skip
    task = load(path)
    assert task.train.texts == ["waves", "coins"] and task.output_names == ["MONEY", "SEA"]
    assert task.notes == ("t.jsonl: rows left out: 2 rejected in Prodigy, 1 ignored in Prodigy",)


def test_an_answer_that_the_task_reads_is_one_of_its_fields(write):
    path = write(row("yes please", "accept"), row("no thanks", "reject"), row("later", "ignore"))
    task = load(path, label="answer")
    assert task.output_names == ["accept", "ignore", "reject"] and len(task.train) == 3


def test_texts_without_labels_are_all_answered(write):
    path = write(row("waves"), row("salt", "reject"))
    assert read_table_texts(Path(path), Columns("text")).texts == ["waves", "salt"]


def test_options_that_were_chosen_are_the_labels(write):
    path = write(
        row("waves", options=OPTIONS, accept=["SEA"]),
        row("ships of gold", options=OPTIONS, accept=["SEA", "MONEY"]),
        row("nothing", options=OPTIONS, accept=[]),
    )
    task = load(path, kind="multi_label")
    assert task.output_names == ["MONEY", "SEA"] and task.train.labels.tolist() == [[0, 1], [1, 1], [0, 0]]
    assert task.notes == ("t.jsonl: the column 'accept' for 'label' is taken",)
    path = write(
        row("waves", options=OPTIONS, accept=["SEA"]), row("coins", options=OPTIONS, accept=["MONEY"])
    )
    assert load(path).train.labels.tolist() == [1, 0]
    path = write(row("waves", options=OPTIONS, accept=["SEA", "MONEY"]))
    with pytest.raises(UserError) as caught:
        load(path)
    assert caught.value.message == (
        f'The field \'label\' must hold text or a number. Received: a list, ["SEA", "MONEY"] in {path}:1'
    )
    assert "task.kind=multi_label" in caught.value.hint


def test_a_list_of_one_is_a_label(write):
    task = load(
        write({"text": "a", "label": ["x"]}, {"text": "b", "label": "y"}, {"text": "c", "label": [3]})
    )
    assert task.output_names == ["3", "x", "y"]
    with pytest.raises(UserError, match=r"must hold text or a number\. Received: a list, \[\]"):
        load(write({"text": "a", "label": []}, {"text": "b", "label": "y"}))
