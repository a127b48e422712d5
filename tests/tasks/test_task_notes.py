"""What is said of a task before a training."""

from types import SimpleNamespace

import numpy as np

from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.tasks.task_notes import say_task


def test_what_a_task_asks_for_and_what_of_it_is_left_out_is_said(capsys):
    def examples(count: int, left_out: int = 0) -> Examples:
        return Examples(["a"] * count, None, np.zeros(count, np.int32), left_out)

    sets = {"train": examples(3, left_out=1), "validation": examples(2)}
    task = TaskData("mail.csv", ["no", "yes"], sets, notes=("read as UTF-8",), warnings=("few examples",))
    say_task(task, SimpleNamespace(cut="1 of 3 texts is longer", left_out=None))
    said = capsys.readouterr().err
    assert said.startswith("mail.csv: 2 labels, 3 training and 2 validation examples\n")
    for note in (
        "read as UTF-8",
        "1 line of the file lacks a cell",
        "1 of 3 texts is longer",
        "few examples",
    ):
        assert note in said
