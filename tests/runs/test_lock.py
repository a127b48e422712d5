"""One process owns a run, for as long as it lives."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.runs.lock import Lock, is_locked, read_owner


@pytest.fixture
def owned_run(open_run) -> Iterator[tuple[Path, int]]:
    """A run that a live process owns, and the process."""
    open_run("runs/x").close()
    code = (
        "import time; from pathlib import Path; from mbert_cli.runs.lock import Lock;"
        "Lock(Path('runs/x')); print('locked', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline() == b"locked\n"
        yield Path("runs/x"), process.pid
        process.kill()


def test_a_run_of_a_live_process_is_refused_also_with_fresh(
    open_run, refusal, owned_run: tuple[Path, int]
) -> None:
    path, process = owned_run
    started = datetime.fromisoformat(json.loads((path / "lock").read_text())["started"]).astimezone()
    for fresh in (False, True):
        assert refusal(lambda fresh=fresh: open_run("runs/x", fresh=fresh)) == (
            f"runs/x is in use by process {process} since {started:%H:%M:%S}.\n"
            "Wait for it, or use another directory with `--run DIR`."
        )
    assert [item.name for item in Path("runs").iterdir()] == ["x"]


def test_a_run_of_a_killed_process_is_taken_over(open_run, owned_run: tuple[Path, int]) -> None:
    path, process = owned_run
    os.kill(process, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            run = open_run(str(path))
            break
        except UserError:
            continue
    assert json.loads((path / "lock").read_text())["process"] == os.getpid()
    run.close()


def test_an_owner_of_another_day_and_host_is_shown_with_both(open_run, refusal) -> None:
    run = open_run("runs/x")
    owner = {"process": 12, "host": "elsewhere", "started": "2025-01-02T03:04:05+00:00"}
    Path("runs/x/lock").write_text(json.dumps(owner))
    since = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC).astimezone()
    assert refusal(lambda: open_run("runs/x")) == (
        f"runs/x is in use by process 12 on elsewhere since {since:%Y-%m-%d %H:%M:%S}.\n"
        "Wait for it, or use another directory with `--run DIR`."
    )
    run.close()


def test_a_forked_worker_neither_keeps_nor_ends_the_lock(open_run) -> None:
    run = open_run("runs/x")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        run.close()
        os.read(reader, 1)
        os._exit(0)
    with pytest.raises(UserError):
        open_run("runs/x")
    run.close()
    open_run("runs/x").close()
    os.write(writer, b"x")
    os.waitpid(child, 0)
    os.close(reader), os.close(writer)


def test_a_directory_is_locked_until_its_owner_gives_it_back() -> None:
    folder = Path("runs/x")
    folder.mkdir(parents=True)
    assert not is_locked(folder)
    lock = Lock(folder)
    assert is_locked(folder)
    lock.release()
    assert not is_locked(folder)
    lock.release()
    assert list(folder.iterdir()) == []


def test_a_lock_follows_its_directory_to_another_name() -> None:
    folder = Path("runs/x")
    folder.mkdir(parents=True)
    lock = Lock(folder)
    folder.rename("runs/y")
    lock.follow(Path("runs/y"))
    lock.release()
    assert list(Path("runs/y").iterdir()) == []


def test_an_owner_is_read_from_the_lock_and_from_nothing_else(tmp_path: Path) -> None:
    assert read_owner(tmp_path) is None
    with open(tmp_path / "lock", "w") as file:
        file.write('{"process": 12}')
    assert read_owner(tmp_path) is None
    (tmp_path / "lock").unlink()
    lock = Lock(tmp_path)
    owner = read_owner(tmp_path)
    assert (owner.process, owner.host) == (os.getpid(), socket.gethostname())
    assert str(owner) == f"process {os.getpid()} since {owner.started.astimezone():%H:%M:%S}"
    lock.release()
