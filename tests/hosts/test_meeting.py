"""Hosts that meet: in threads of one process, over loopback."""

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mbert_cli.hosts import meeting
from mbert_cli.hosts.channel import Channel, free_port, pair
from mbert_cli.hosts.joining import Place
from mbert_cli.hosts.meeting import Meeting, meet, own_name

REPORT = {name: {"x": 1} for name in ("command", "versions", "recipe", "inputs", "run")}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(meeting, "_FAILED_SECONDS", 0.15)
    monkeypatch.setattr(meeting, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(meeting, "TICK_SECONDS", 0.05)


def place(index: int, count: int, port: int, wait_seconds: float = 20) -> Place:
    return Place(index, count, ("localhost", port), wait_seconds)


def met(*hosts: tuple[Place, dict]) -> list[Meeting]:
    """What came of it for hosts with these places and reports."""

    def attend(host: tuple[Place, dict]) -> Meeting:
        ours, theirs = pair()
        theirs.send({"report": host[1]})
        said: list[str] = []
        result = meet(host[0], ours, said.append)
        for channel in (ours, theirs):
            channel.close()
        return result

    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(attend, hosts))


def messages(results: list[Meeting]) -> set[str]:
    return {result.answer["refused"]["message"] for result in results}


def test_hosts_that_agree_are_told_who_is_there_and_where_jax_coordinates():
    port = free_port()
    results = met(*((place(index, 3, port), REPORT) for index in (1, 0, 2)))
    go = results[0].answer["go"]
    assert all(result.answer["go"]["service"] == go["service"] for result in results)
    assert go["service"].startswith("localhost:")
    assert go["service"] != f"localhost:{port}"
    assert all(result.names == (own_name(),) * 3 for result in results)
    assert [sorted(result.channels) for result in results] == [[0], [1, 2], [0]]
    results[1].channels[2].send({"beat": 0})
    assert results[2].channels[0].receive()[-1] == {"beat": 0}


def test_hosts_that_differ_are_all_told_who_differs_in_what():
    port = free_port()
    other = {**REPORT, "recipe": {"x": 2}}
    results = met((place(0, 2, port), REPORT), (place(1, 2, port), other))
    assert messages(results) == {
        f"Hosts must have the same recipe. Received: x 2 on host 1 ({own_name()}); x 1 on host 0 ({own_name()})"
    }


@pytest.mark.parametrize("failing", [0, 1])
def test_the_failure_of_one_host_is_told_to_all_at_once(failing, monkeypatch):
    monkeypatch.setattr(meeting, "_FAILED_SECONDS", 10.0)  # the other one comes before
    port = free_port()
    reports = [REPORT, REPORT]
    reports[failing] = {"failure": {"message": "No teacher", "hint": "Make one."}}
    results = met(*((place(index, 2, port), reports[index]) for index in range(2)))
    assert messages(results) == {f"Host {failing} ({own_name()}) cannot train: No teacher"}


def test_a_host_that_fails_alone_does_not_wait_for_the_others():
    failure = {"failure": {"message": "No teacher", "hint": "Make one."}}
    port = free_port()
    assert met((place(1, 2, port, 600), failure))[0].answer["refused"]["message"] == "No teacher"
    assert "No teacher" in messages(met((place(0, 2, port, 600), failure))).pop()


@pytest.mark.parametrize(
    ("index", "sentence", "awaited"),
    [
        (0, "All hosts must come within hosts.wait_seconds. Received: 1 of 3 in 0.3 seconds, without hosts 1, 2", "hosts 1, 2"),
        (1, "Host 0 must answer within hosts.wait_seconds. Received: nobody at {address} in 0.3 seconds (Connection refused)",
         "host 0"),
    ],
)  # fmt: skip
def test_who_does_not_come_is_named_after_a_stated_wait(index, sentence, awaited):
    here, said = place(index, 3, free_port(), 0.3), []
    ours, theirs = pair()
    theirs.send({"report": REPORT})
    refused = meet(here, ours, said.append).answer["refused"]
    assert refused["message"] == sentence.format(address=here.coordinator)
    assert said == [f"Waiting for {awaited} at {here.coordinator}"]
    assert "Start the same command" in refused["hint"]


def test_another_program_where_host_0_should_be_is_told():
    ours, theirs = pair()
    theirs.send({"report": REPORT})
    with socket.create_server(("localhost", 0)) as server, ThreadPoolExecutor(1) as pool:
        here = place(1, 2, server.getsockname()[1], 0.3)
        meeting = pool.submit(meet, here, ours, print)
        while not meeting.done():
            server.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                server.accept()[0].close()
        assert (
            meeting.result()
            .answer["refused"]["message"]
            .endswith("(what listens there closed the connection)")
        )


def test_two_hosts_with_one_index_are_refused():
    port = free_port()
    results = met(*((place(index, 3, port), REPORT) for index in (0, 1, 1)))
    assert messages(results) == {
        f"Every host must have an index of its own. Received: 1 on {own_name()} and on host 1 ({own_name()})"
    }


def test_hosts_that_count_differently_are_refused():
    port = free_port()
    first = place(0, 2, port)
    results = met((first, REPORT), (replace(first, index=1, count=3), REPORT))
    name = own_name()
    assert messages(results) == {
        f"Hosts must agree on their number. Received: --hosts 3 on host 1 ({name}), --hosts 2 on host 0 ({name})"
    }


def test_strangers_are_passed_over():
    port = free_port()

    def disturb() -> None:
        for _ in range(40):
            try:
                with socket.create_connection(("localhost", port), timeout=1) as stranger:
                    stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    return
            except OSError:
                continue

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(met, (place(0, 2, port), REPORT), (place(1, 2, port), REPORT))
        disturb()
        assert all("go" in result.answer for result in waiting.result())


def test_a_worker_that_ends_first_leaves_the_meeting():
    port = free_port()
    ours, theirs = pair()
    theirs.close()
    assert meet(place(0, 2, port), ours, print) == Meeting(None, {}, (own_name(), ""))
    assert isinstance(ours, Channel)
    assert meet(place(1, 2, port), ours, print) == Meeting()


@pytest.mark.parametrize("hello", [3, "host", {}, {"index": "1", "count": 2, "name": "x"}])
def test_what_else_knocks_at_the_port_disturbs_nobody(hello):
    port = free_port()

    def knock() -> Meeting:
        """Says something that no host says, and then comes as host 1."""
        for _ in range(100):
            with contextlib.suppress(ConnectionRefusedError):
                stranger = Channel(socket.create_connection(("localhost", port)))
                break
            time.sleep(0.02)
        stranger.send({"hello": hello})
        time.sleep(0.2)
        (result,) = met((place(1, 2, port), REPORT))
        stranger.close()
        return result

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(knock)
        (first,) = met((place(0, 2, port), REPORT))
    assert "go" in first.answer and "go" in other.result().answer
