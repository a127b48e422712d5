"""Two hosts on one machine that train one model: what ends both of them, and what goes on."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.hosts.channel import free_port
from mbert_cli.hosts.meeting import own_name
from mbert_cli.runs.listing import checkpoint_steps

pytestmark = pytest.mark.slow

TRAIN = (
    "train-teacher", "--smoke", "--run", "runs/teacher", "--set", "data.run=runs/prepare",
    "--set", "train.log_every=5", "--set", "train.checkpoint_every=5", "--set", "train.validate_every=1000",
)  # fmt: skip
ENDLESS = ("--set", "train.steps=100000")


@pytest.fixture(scope="module")
def store(text_folder, mbert) -> Path:
    """A folder with a prepared corpus."""
    settings = ["corpus={source: files, globs: ['texts/*.txt']}", "vocabulary.size=1000"]
    mbert(text_folder, "prepare", "--run", "runs/prepare", *(word for s in settings for word in ("--set", s)))
    return text_folder / "runs/prepare"


@pytest.fixture
def folder(store, tmp_path) -> Path:
    """A folder with that corpus and no other run."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/prepare").symlink_to(store)
    return tmp_path


Job = Callable[..., list[subprocess.Popen]]


@pytest.fixture
def start(start_mbert, folder) -> Job:
    """Starts both hosts, with words for both and for host 1 alone."""
    pytest.importorskip("jax")
    started: list[subprocess.Popen] = []

    def start(*words: str, on_host_1: tuple[str, ...] = ()) -> list[subprocess.Popen]:
        meeting = ("--hosts", "2", "--coordinator", f"localhost:{free_port()}")
        hosts = [
            start_mbert(folder, *TRAIN, *words, *meeting, "--host-index", index, *more, backend="jax")
            for index, more in (("0", ()), ("1", on_host_1))
        ]
        started.extend(hosts)
        return hosts

    yield start
    for process in started:
        process.kill()


def begun(folder: Path, hosts: list[subprocess.Popen]) -> None:
    """Returns when both hosts train and a checkpoint is saved."""
    deadline = time.monotonic() + 300
    while not list(folder.glob("runs/teacher/checkpoints/step-*/manifest.json")):
        assert all(host.poll() is None for host in hosts)
        assert time.monotonic() < deadline
        time.sleep(0.1)


def worker_of(host: subprocess.Popen) -> int:
    """The process that trains; the one that was started watches it."""
    return int(Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text().split()[0])


def ending(host: subprocess.Popen, seconds: float) -> tuple[int, list[str]]:
    """The exit code of a host and what it said, within some seconds."""
    _, errors = host.communicate(timeout=seconds)
    return host.returncode, errors.splitlines()


def test_hosts_with_different_recipes_write_nothing(start, folder):
    name = own_name()
    sentence = f"Error: Hosts must have the same recipe. Received: seed 1 on host 1 ({name}); seed 0 on host 0 ({name})"
    for host in start("--set", "seed=0", on_host_1=("--set", "seed=1")):
        code, said = ending(host, 60)
        assert code == 2
        assert said[-2] == sentence
    assert [path.name for path in (folder / "runs").iterdir()] == ["prepare"]


def test_an_input_that_one_host_lacks_ends_both(start, folder):
    first, second = start(on_host_1=("--set", "data.run=runs/nowhere"))
    assert ending(second, 60)[1][-2] == "Error: A run directory must exist. Received: runs/nowhere"
    code, said = ending(first, 60)
    assert code == 2
    assert said[-2] == (
        f"Error: Host 1 ({own_name()}) cannot train: A run directory must exist. Received: runs/nowhere"
    )
    assert [path.name for path in (folder / "runs").iterdir()] == ["prepare"]


def test_a_host_that_is_killed_ends_the_job_and_the_same_command_goes_on(start, folder):
    hosts = start(*ENDLESS)
    begun(folder, hosts)
    hosts[0].kill()
    code, said = ending(hosts[1], 60)
    saved = checkpoint_steps(folder / "runs/teacher")[-1]
    assert code == 1
    assert said[-2] == (
        f"Error: Host 0 ({own_name()}) is gone: its process was ended, so the job ends on all hosts; the state "
        f"up to step {saved:,} is saved in runs/teacher"
    )
    assert said[-1].startswith("Hint: `mbert train-teacher --smoke")
    again = start(*ENDLESS)
    deadline = time.monotonic() + 300
    while checkpoint_steps(folder / "runs/teacher")[-1] <= saved:
        assert all(host.poll() is None for host in again)
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_worker_that_is_killed_is_named_on_both_hosts(start, folder):
    hosts = start(*ENDLESS)
    begun(folder, hosts)
    os.kill(worker_of(hosts[1]), signal.SIGKILL)
    for host in hosts:
        code, said = ending(host, 60)
        assert code == 1
        assert said[-2].startswith(
            f"Error: Host 1 ({own_name()}) was ended by signal 9 (Killed), so the job ends on"
        )


def test_a_host_that_hangs_ends_the_job_within_a_minute(start, folder):
    hosts = start(*ENDLESS)
    begun(folder, hosts)
    os.kill(hosts[1].pid, signal.SIGSTOP)
    code, said = ending(hosts[0], 60)
    assert code == 1
    assert said[-2].startswith(
        f"Error: Host 1 ({own_name()}) has given no sign of life for 30 seconds, so the"
    )
    os.kill(hosts[1].pid, signal.SIGCONT)
    assert ending(hosts[1], 30)[0] == 1


def test_one_host_that_is_asked_to_stop_stops_all_at_one_step_with_a_checkpoint(start, folder):
    hosts = start(*ENDLESS)
    begun(folder, hosts)
    os.kill(hosts[1].pid, signal.SIGINT)
    endings = [ending(host, 60) for host in hosts]
    assert [code for code, _ in endings] == [130, 130]
    saved = checkpoint_steps(folder / "runs/teacher")[-1]
    assert endings[0][1][-2] == f"Stopped at step {saved:,} of 100,000; the state is saved in runs/teacher"
