"""The process that trains, seen from the one that watches it."""

import os
import signal
import sys
import time

import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.hosts import worker as worker_module
from mbert_cli.hosts.joining import Place
from mbert_cli.hosts.worker import Watched, Worker, fork_worker, is_of_connection

PLACE = Place(1, 2, ("localhost", 1234), 5)


@pytest.fixture
def fork(tmp_path):
    """Forks a worker that does something and writes what came of it to a file; returns it as watched, and the file."""
    started = []
    # A shell that starts the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(work) -> tuple[Watched, object]:
        result = tmp_path / "result"
        process = fork_worker(PLACE)
        if isinstance(process, Worker):
            try:
                result.write_text(repr(work(process)))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is what came of it
                result.write_text(repr(error))
            finally:
                sys.stdout.flush()
                os._exit(0)
        started.append(process)
        return process, result

    yield start
    signal.signal(signal.SIGINT, before)
    for process in started:
        process.channel.close()


def ended(watched: Watched) -> int:
    for _ in range(600):
        process, status = os.waitpid(watched.process, os.WNOHANG)
        if process:
            return status
        time.sleep(0.05)
    os.kill(watched.process, signal.SIGKILL)
    os.waitpid(watched.process, 0)
    pytest.fail("The worker has not ended within 30 s")


def received(watched: Watched) -> dict:
    return watched.channel.receive()[0]


def test_a_worker_reports_and_is_refused(fork):
    watched, result = fork(lambda worker: worker.meet({"recipe": {}}))
    assert received(watched) == {"report": {"recipe": {}}}
    watched.channel.send({"refused": {"message": "No.", "hint": "Do."}})
    ended(watched)
    assert result.read_text() == repr(UserError("No.", "Do."))


def test_a_worker_that_may_begin_joins_the_others(fork, monkeypatch):
    monkeypatch.setattr(worker_module, "join", lambda *told: told)
    watched, result = fork(lambda worker: worker.meet({}))
    watched.channel.send({"go": {"service": "a:1", "names": ["a", "b"]}})
    ended(watched)
    assert result.read_text() == repr((PLACE, "a:1", ("a", "b")))


def test_a_worker_that_cannot_train_tells_why_and_goes_on_when_all_know(fork):
    watched, result = fork(lambda worker: worker.tell_failure(UserError("No teacher", "Make one.")))
    assert received(watched) == {"report": {"failure": {"message": "No teacher", "hint": "Make one."}}}
    assert not result.exists()
    watched.channel.send({"refused": {"message": "", "hint": ""}})
    ended(watched)
    assert result.read_text() == "None"


def test_why_a_worker_ends_is_told(fork):
    watched, _ = fork(lambda worker: worker.tell_end("has ended: The disk is full", 1))
    assert received(watched) == {"reason": "has ended: The disk is full", "code": 1}
    ended(watched)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, "KeyboardInterrupt()"), (signal.SIGTERM, "SystemExit(143)")]
)
def test_signals_reach_a_worker_through_its_watch_alone(fork, number, error):
    watched, result = fork(lambda worker: worker.meet({}))
    received(watched)
    os.kill(watched.process, number)
    time.sleep(0.1)
    assert not result.exists()
    watched.channel.send({"signal": int(number)})
    ended(watched)
    assert result.read_text() == error


def test_a_worker_that_nobody_watches_ends(fork):
    watched, result = fork(lambda worker: worker.meet({}))
    received(watched)
    watched.channel.close()
    assert os.WTERMSIG(ended(watched)) == signal.SIGKILL
    assert not result.exists()


def test_what_libraries_write_is_kept_from_the_terminal(fork, capfd):
    def write(worker: Worker) -> None:
        os.write(2, b"a trace of C++\n")
        sys.stderr.write("a sentence\n")
        sys.stderr.flush()

    watched, _ = fork(write)
    ended(watched)
    assert watched.native_output() == "a trace of C++\n"


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("UNKNOWN: Gloo all-reduce failed: Connection closed by peer", True),
        ("DEADLINE_EXCEEDED: Barrier timed out", True),
        ("RESOURCE_EXHAUSTED: Out of memory", False),
        ("shapes do not match", False),
    ],
)
def test_lost_connections_are_known_by_how_jax_speaks_of_them(text, is_so):
    assert is_of_connection(ValueError(text)) is is_so


def test_a_lost_connection_with_all_hosts_there_is_explained(fork, monkeypatch):
    monkeypatch.setattr(worker_module, "SILENT_SECONDS", -5)
    error = ValueError("UNAVAILABLE: no route\nmore")
    watched, result = fork(lambda worker: worker.explain(error))
    ended(watched)
    assert result.read_text() == repr(
        RunError(
            "Hosts must reach each other. Received: UNAVAILABLE: no route",
            "Hosts also use ports other than the one of --coordinator; no firewall may block them.",
        )
    )


def test_other_errors_need_no_explanation(fork):
    watched, result = fork(lambda worker: worker.explain(ValueError("shapes do not match")))
    ended(watched)
    assert result.read_text() == "None"
