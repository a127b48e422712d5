"""Tasks of a Ray cluster as workers."""

import operator
import os
import time
from pathlib import Path

import pytest

from mbert_cli.cluster.checking import list_machines, require_cluster
from mbert_cli.cluster.crew import Piecework
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.cluster.ray_crew import RayCrew, places_of
from mbert_cli.cluster.sharing import share_among
from mbert_cli.errors import UserError

LOCAL = ClusterOptions(address="local")


def test_a_machine_has_room_for_as_many_pieces_as_its_cores_and_gpus_allow():
    assert places_of(8, 0, ClusterOptions(cores=3)) == 2
    assert places_of(8, 2, ClusterOptions(cores=2, gpus=1)) == 2
    assert places_of(2, 4, ClusterOptions(cores=2, gpus=1)) == 1
    assert places_of(1, 0, ClusterOptions(cores=2)) == 0


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two cores within this process."""
    ray = pytest.importorskip("ray")
    ray.shutdown()  # of another file that joined one
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=50)
    yield ray
    ray.shutdown()


@pytest.mark.slow
def test_tasks_answer_in_order_in_the_folder_of_the_command_and_raise_what_was_raised(
    cluster, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    assert share_among(operator.neg, range(5), LOCAL) == [0, -1, -2, -3, -4]
    assert share_among(os.path.abspath, ["x"], LOCAL) == [str(tmp_path / "x")]
    with pytest.raises(FileNotFoundError):
        share_among(Path.read_text, [tmp_path / "missing"], LOCAL)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_leaving_cancels_what_is_still_worked_on(cluster):
    def work(seconds):  # a sleep of that length would not notice
        for _ in range(seconds):
            time.sleep(1)

    started = time.monotonic()
    with RayCrew(Piecework.of(work, 1), LOCAL) as crew:
        crew.begin(0, 300)
        crew.wait(3)
    while cluster.available_resources().get("CPU", 0) < 2:
        time.sleep(0.1)
        assert time.monotonic() - started < 30


@pytest.mark.slow
def test_every_machine_is_looked_at_and_nothing_is_left_behind(cluster, tmp_path):
    (tmp_path / "corpus.txt").write_text("Text.")
    (machine,) = require_cluster(LOCAL, tmp_path / "runs/new", [tmp_path / "corpus.txt"])
    assert machine.cores == 2
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]
    assert list_machines() == [machine]
    with pytest.raises(UserError) as caught:
        require_cluster(ClusterOptions(address="local", gpus=1), tmp_path, [])
    assert f"Received: {machine.name} with 2 and 0" in caught.value.message
