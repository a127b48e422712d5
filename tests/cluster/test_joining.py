"""A cluster that cannot be joined: one sentence, soon."""

import importlib.util
import socket

import pytest

from mbert_cli.cluster.joining import join_cluster
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.errors import UserError


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        join_cluster(ClusterOptions(address="auto"))
    assert caught.value.message == (
        "A cluster needs the package ray. Received: auto, in an environment without it"
    )
    assert caught.value.hint.startswith("pip install 'mbert[cluster]'")


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_does_not_answer_is_waited_for_as_long_as_was_said(scheme, capfd):
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError) as caught:
            join_cluster(ClusterOptions(address=address, wait_seconds=1))
    assert caught.value.exit_code == 2
    assert caught.value.message == (
        f"The Ray cluster of cluster.address must answer. Received: {address} (Connection refused, for 1 second)"
    )
    assert capfd.readouterr() == ("", "")


def test_a_number_of_ipv6_is_reached_without_its_brackets(monkeypatch):
    asked = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address)
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(UserError, match=r"Received: \[::1\]:6379 \(Network is unreachable, for 1 second\)"):
        join_cluster(ClusterOptions(address="[::1]:6379", wait_seconds=1))
    assert set(asked) == {("::1", 6379)}


def test_a_cluster_that_does_not_start_here_is_told_what_to_look_at(monkeypatch):
    ray = pytest.importorskip("ray")

    def init(*arguments: object, **options: object) -> None:
        raise RuntimeError("The current node timed out.\nMore.")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(UserError) as caught:
        join_cluster(ClusterOptions(address="local"))
    assert caught.value.message == (
        "A Ray cluster must start on this machine. Received: local (The current node timed out.)"
    )
    assert "cluster.workers shares the work among processes" in caught.value.hint
