"""A worker's process becomes like the one that shares out."""

import os
import sys

import pytest

from mbert_cli import backend
from mbert_cli.cluster.crew import Piecework
from mbert_cli.errors import UserError


@pytest.fixture(autouse=True)
def _same_process_afterwards(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(backend, "_lent", [])
    monkeypatch.setattr(backend, "_divided", [])
    for name in ("KERAS_BACKEND", "TF_NUM_INTRAOP_THREADS", "NPROC", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")  # which puts back afterwards what is there


def test_a_worker_has_the_folder_the_command_the_backend_and_cores_of_its_own_and_divides_operations_alike(
    tmp_path, monkeypatch
):
    sys.argv[:] = ["mbert", "prepare"]
    os.environ["KERAS_BACKEND"] = "jax"
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(backend, "count_cores", lambda: 8)
        work = Piecework.of(len, 1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    sys.argv[:] = ["default_worker.py"]
    os.environ["KERAS_BACKEND"] = "tensorflow"
    work.move_in()
    assert os.getcwd() == str(tmp_path)
    assert sys.argv == ["mbert", "prepare"]
    assert os.environ["KERAS_BACKEND"] == "jax"
    assert backend.count_cores() == 1
    assert backend.count_threads() == 8
    assert os.environ["OMP_NUM_THREADS"] == "8"


def test_errors_of_a_person_come_back_as_values_and_bugs_are_raised():
    def fail(error):
        raise error

    work = Piecework.of(fail, 1)
    wrong = UserError("A rule. Received: nothing", "Do this.")
    assert work.done(wrong).error is wrong
    assert work.done(MemoryError()).error.message == "There must be enough memory. Received: MemoryError"
    with pytest.raises(ZeroDivisionError):
        work.done(ZeroDivisionError())
    assert Piecework.of(len, 1).done("abc").result == 3
