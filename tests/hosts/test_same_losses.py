"""Two hosts on one machine learn what one process learns."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.hosts.channel import free_port
from mbert_cli.runs.listing import checkpoint_steps

pytestmark = pytest.mark.slow

EVERY_STEP = (
    "--set",
    "train.log_every=1",
    "--set",
    "train.validate_every=20",
    "--set",
    "train.checkpoint_every=10",
)
TEACHER = (
    "train-teacher",
    "--smoke",
    "--set",
    "data.run=runs/prepare",
    "--set",
    "train.steps=50",
    *EVERY_STEP,
)
TASK = (
    "finetune", "file", "--smoke", "--source", "runs/one", "--set", "task.train=pets.csv", "--set", "task.text=text",
    "--set", "task.label=label", "--set", "task.sequence_length=32", "--set", "train.batch_size=6",
    "--set", "train.log_every=1",
)  # fmt: skip

Figures = list[tuple[int, str, float]]


def figures(run: Path) -> Figures:
    """Every loss of a log, with its step."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [(line["step"], name, line[name]) for line in lines for name in line if name.startswith("loss/")]


def assert_same(ours: Figures, theirs: Figures) -> None:
    assert [row[:2] for row in ours] == [row[:2] for row in theirs]
    assert [row[2] for row in ours] == pytest.approx([row[2] for row in theirs], rel=1e-5, abs=1e-7)


@pytest.fixture(scope="module")
def start(start_mbert) -> Callable[..., list[subprocess.Popen]]:
    """Starts a command on two hosts."""
    pytest.importorskip("jax")

    def start(folder: Path, *words: str) -> list[subprocess.Popen]:
        meeting = ("--hosts", "2", "--coordinator", f"localhost:{free_port()}")
        return [
            start_mbert(folder, *words, *meeting, "--host-index", index, backend="jax")
            for index in ("0", "1")
        ]

    return start


@pytest.fixture(scope="module")
def on_two(start) -> Callable[..., list[str]]:
    """Runs a command on two hosts to its end; what each printed as results."""

    def run(folder: Path, *words: str) -> list[str]:
        hosts = start(folder, *words)
        printed = [host.communicate() for host in hosts]
        assert [host.returncode for host in hosts] == [0, 0], printed
        return [output for output, _ in printed]

    return run


@pytest.fixture(scope="module")
def folder(text_folder, mbert, tmp_path_factory) -> Path:
    """A folder with a token store, a task, and a teacher that one process trained."""
    folder = tmp_path_factory.mktemp("hosts")
    shutil.copytree(text_folder / "texts", folder / "texts")
    settings = ["corpus={source: files, globs: ['texts/*.txt']}", "vocabulary.size=1000"]
    mbert(folder, "prepare", "--run", "runs/prepare", *(word for s in settings for word in ("--set", s)))
    lines = (
        line
        for path in sorted((folder / "texts").iterdir())
        for line in path.read_text().splitlines()
        if line
    )
    rows = [
        f"{line[: 20 + place % 70]},{'dog' if 'dog' in line else 'none'}" for place, line in enumerate(lines)
    ]
    (folder / "pets.csv").write_text("\n".join(["text,label", *rows[:90]]) + "\n")
    mbert(folder, *TEACHER, "--run", "runs/one", backend="jax")
    return folder


@pytest.fixture(scope="module")
def two(folder, on_two) -> list[str]:
    """The same teacher, trained by two hosts in runs/two; what each printed."""
    return on_two(folder, *TEACHER, "--run", "runs/two")


def test_a_teacher_has_the_same_losses_and_the_first_host_alone_shows_them(folder, two):
    one = figures(folder / "runs/one")
    assert len({step for step, _, _ in one}) == 50
    assert_same(figures(folder / "runs/two"), one)
    assert "loss/total" in two[0]
    assert two[1] == ""


def kill_after(folder: Path, hosts: list[subprocess.Popen], step: int) -> None:
    """Ends a job in the middle, once a checkpoint is there."""
    deadline = time.monotonic() + 1200
    while max(checkpoint_steps(folder), default=0) < step:
        assert all(host.poll() is None for host in hosts)
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for host in hosts:
        host.send_signal(signal.SIGKILL)
    for host in hosts:
        host.communicate()


def test_a_killed_job_goes_on_bit_for_bit_on_as_many_hosts_and_otherwise_with_one(
    folder, two, start, on_two, mbert
):
    path = folder / "runs/killed"
    kill_after(path, start(folder, *TEACHER, "--run", "runs/killed"), 20)
    shutil.copytree(path, folder / "runs/fewer", ignore=shutil.ignore_patterns("lock"))
    on_two(folder, *TEACHER, "--run", "runs/killed")
    assert figures(path) == figures(folder / "runs/two")
    mbert(folder, *TEACHER, "--run", "runs/fewer", backend="jax")
    assert_same(figures(folder / "runs/fewer"), figures(folder / "runs/one"))


def test_a_task_with_dropout_and_rows_of_many_lengths_has_the_same_losses_and_scores(folder, mbert, on_two):
    mbert(folder, *TASK, "--run", "runs/task-one", backend="jax")
    on_two(folder, *TASK, "--run", "runs/task-two")
    assert_same(figures(folder / "runs/task-two"), figures(folder / "runs/task-one"))
    scores = [
        json.loads((folder / f"runs/task-{n}/final/summary.json").read_text())["score"]
        for n in ("one", "two")
    ]
    assert scores[0] == scores[1]


def test_a_student_learns_the_same_from_recorded_teachers(folder, mbert, on_two):
    words = (
        "distill", "--smoke", "--strategy", "task", "--teacher", "runs/task-one", "--set", "train.batch_size=6",
        "--set", "train.log_every=1",
    )  # fmt: skip
    mbert(folder, *words, "--set", "cache.folder=one", "--run", "runs/student-one", backend="jax")
    on_two(folder, *words, "--set", "cache.folder=two", "--run", "runs/student-two")
    assert_same(figures(folder / "runs/student-two"), figures(folder / "runs/student-one"))
    recorded = [sorted(path.name for path in (folder / name).rglob("*")) for name in ("one", "two")]
    assert recorded[0] == recorded[1]
