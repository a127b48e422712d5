"""The plain values that a task of texts consists of."""

import numpy as np
import pytest

from mbert_cli.examples.texts import Examples, TaskData

PAIRS = Examples(["a", "b", "c"], ["x", "y", "z"], np.array([0, 1, 2], np.int32), num_left_out=1200)


@pytest.mark.parametrize("indices", [[2, 0], np.array([2, 0])])
def test_examples_are_taken_in_the_order_of_the_indices(indices):
    taken = PAIRS.take(indices)
    assert (taken.texts, taken.second_texts, taken.labels.tolist()) == (["c", "a"], ["z", "x"], [2, 0])
    assert len(PAIRS) == 3 and len(taken) == 2


def test_single_texts_have_no_second_ones():
    taken = Examples(["a", "b"], None, np.array([[0, 1], [1, 1]], np.float32)).take([1])
    assert taken.second_texts is None and taken.labels.tolist() == [[1, 1]]


def test_lines_that_were_left_out_are_said_of_the_whole_set_alone():
    assert PAIRS.notes == ["1,200 lines of the file lack a cell and are left out"]
    assert PAIRS.take([0]).notes == []


def test_a_task_learns_from_one_set_and_is_judged_on_another():
    task = TaskData("t", ["no", "yes"], {"validation": PAIRS.take([0]), "train": PAIRS})
    assert task.train is PAIRS and task.validation.texts == ["a"]
    assert (task.metrics, task.kind) == ((), "classification")
