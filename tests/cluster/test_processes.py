"""Processes of this machine as workers."""

import os
import time

from mbert_cli.cluster.crew import Piecework
from mbert_cli.cluster.processes import Processes, share_cores
from mbert_cli.errors import RunError


def test_each_worker_has_cores_of_its_own_as_long_as_there_are_enough(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3, 6}, raising=False)
    assert share_cores(2) == [{0, 1}, {2, 3}]
    assert share_cores(5) == [{0}, {1}, {2}, {3}, {6}]
    assert share_cores(7)[5:] == [{0}, {1}]


def test_where_cores_cannot_be_told_workers_have_none_of_their_own(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert share_cores(2) == [set(), set()]


def test_leaving_ends_what_is_still_worked_on():
    started = time.monotonic()
    with Processes(Piecework.of(time.sleep, 1), 1) as crew:
        crew.begin(0, 60)
        crew.wait(0.5)
    assert time.monotonic() - started < 20


def test_a_worker_that_dies_is_told_in_one_sentence():
    with Processes(Piecework.of(os._exit, 1), 1) as crew:
        crew.begin(7, 3)
        ended = []
        while not ended:
            ended = crew.wait(5)
    ((number, end),) = ended
    assert number == 7
    assert isinstance(end.error, RunError)
    assert end.error.hint.startswith("What was done is kept: the same command goes on.")
