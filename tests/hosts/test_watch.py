"""A process that watches a worker and the other hosts; workers here are processes that only wait, end or hang."""

import os
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from mbert_cli.hosts import watch
from mbert_cli.hosts.channel import Channel, pair
from mbert_cli.hosts.watch import End, HostWatch, describe_end

_WAITS = 30.0


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(watch, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(watch, "_TICK_SECONDS", 0.01)


@pytest.fixture
def worker() -> Iterator:
    """Starts a worker that says something and ends; returns its number and the way to it."""
    started: list[int] = []

    def start(code: int = 0, after: float = 0.0, says: dict | None = None) -> tuple[int, Channel]:
        ours, theirs = pair()
        process = os.fork()
        if process == 0:
            if says:
                theirs.send(says)
            time.sleep(after)
            os._exit(code)
        theirs.close()
        started.append(process)
        return process, ours

    yield start
    for process in started:
        try:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


def test_a_job_that_succeeds_ends_without_a_word(worker):
    here, there = pair()
    watching = HostWatch(1, *worker(), {0: here})
    assert watching.run() is None
    assert watching.code == 0
    assert there.receive()[-1] == {"done": 1}


def test_host_0_stays_until_the_others_are_done(worker):
    here, there = pair()
    watching = HostWatch(0, *worker(), {1: here})
    there.send({"done": 1})
    began = time.monotonic()
    assert watching.run() is None
    assert time.monotonic() - began < 1


def test_a_worker_that_is_killed_is_named_and_told_to_all(worker):
    process, channel = worker(after=_WAITS)
    here, there = pair()
    watching = HostWatch(1, process, channel, {0: here})
    os.kill(process, signal.SIGKILL)
    end = watching.run()
    assert end == End(1, "was ended by signal 9 (Killed)")
    assert describe_end(end, ("a", "Node-2")) == "Host 1 (Node-2) was ended by signal 9 (Killed)"
    assert there.receive()[-1] == {"end": vars(end)}


def test_a_worker_that_says_why_it_ends_has_said_all(worker):
    here, there = pair()
    says = {"reason": "has ended: The disk is full", "code": 1}
    watching = HostWatch(1, *worker(1, says=says), {0: here})
    assert watching.run() is None
    assert watching.code == 1
    assert there.receive()[-1]["end"] == {
        "host": 1, "reason": "has ended: The disk is full", "code": 1, "is_told": True, "is_crash": False,
    }  # fmt: skip


def test_a_worker_that_ends_and_waits_for_others_is_ended(worker):
    says = {"reason": "has ended: The disk is full", "code": 1}
    watching = HostWatch(0, *worker(1, after=_WAITS, says=says), {})
    began = time.monotonic()
    assert watching.run() is None
    assert watching.code == 1
    assert time.monotonic() - began < _WAITS / 2


def test_a_host_whose_connection_ends_is_gone(worker):
    process, channel = worker(after=_WAITS)
    here, there = pair()
    watching = HostWatch(0, process, channel, {1: here})
    there.close()
    assert watching.run() == End(1, "is gone: its process was ended")
    assert watching.code is None
    with pytest.raises(ChildProcessError):  # the worker is gone too
        os.waitpid(process, os.WNOHANG)


def test_a_host_that_gives_no_sign_of_life_is_named(worker):
    process, channel = worker(after=_WAITS)
    here, there = pair()
    watching = HostWatch(0, process, channel, {1: here})
    assert watching.run() == End(1, "has given no sign of life for 0 seconds")
    assert {"beat": 0} in there.receive()


def test_a_time_in_which_the_watching_process_was_paused_is_not_held_against_others(worker, monkeypatch):
    here, _there = pair()
    watching = HostWatch(1, *worker(after=0.2), {0: here})
    running = time.monotonic
    monkeypatch.setattr(watch.time, "monotonic", lambda: running() + 3600)
    assert watching.run() is None
    assert watching.code == 0


def test_a_worker_that_is_stopped_gives_no_sign_of_life(worker):
    process, channel = worker(after=_WAITS)
    here, there = pair()
    watching = HostWatch(1, process, channel, {0: here})
    os.kill(process, signal.SIGSTOP)
    time.sleep(0.1)
    for _ in range(20):
        watching._turn()
    there._socket.setblocking(False)
    beats = there.receive()
    assert beats == []
    os.kill(process, signal.SIGCONT)
    for _ in range(20):
        watching._turn()
    assert {"beat": 1} in there.receive()


def test_host_0_passes_the_end_of_one_host_on_to_the_others(worker):
    connections = [pair(), pair()]
    watching = HostWatch(0, *worker(after=_WAITS), {1: connections[0][0], 2: connections[1][0]})
    end = End(1, "has ended: x", 1, is_told=True)
    connections[0][1].send({"end": vars(end)})
    assert watching.run() == end
    assert {"end": vars(end)} in connections[1][1].receive()


def test_workers_may_end_by_themselves_where_one_has_told_why(worker, monkeypatch):
    monkeypatch.setattr(watch, "GRACE_SECONDS", _WAITS)
    here, there = pair()
    watching = HostWatch(0, *worker(130, after=0.1), {1: here})
    there.send({"end": vars(End(1, "was stopped", 130, is_told=True))})
    assert watching.run() is None
    assert watching.code == 130


def test_all_that_was_sent_arrives_when_a_host_leaves(worker):
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = Channel(socket.create_connection(server.getsockname()))
        there = Channel(server.accept()[0])
    watching = HostWatch(1, *worker(), {0: here})
    watching.run()
    watching.leave()
    assert {"done": 1} in there.receive()


def test_signals_are_handed_on_to_the_worker(monkeypatch):
    handlers = {}
    monkeypatch.setattr(watch.signal, "signal", lambda number, handler: handlers.update({number: handler}))
    here, there = pair()
    watch.pass_signals_on(here, 0)
    handlers[signal.SIGTERM](signal.SIGTERM, None)
    handlers[signal.SIGINT](signal.SIGINT, None)
    assert there.receive() == [{"signal": signal.SIGTERM}, {"signal": signal.SIGINT}]
