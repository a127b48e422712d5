"""A verb on several hosts: what the worker reports, and what it says at its end."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbert_cli import many_hosts
from mbert_cli.errors import Interrupted, RunError, UserError
from mbert_cli.host_flags import settings_of_hosts
from mbert_cli.hosts.joining import Place
from mbert_cli.hosts.watch import End
from mbert_cli.hosts.worker import Watched
from mbert_cli.many_hosts import joined_worker, report_of
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.content import Content, FileContent

PLACE = Place(0, 2, ("localhost", 1234), 5, "the command line and the recipe")


def ready(*settings: str, index: int = 0, path: str = "a.txt", digest: str = "0f", run: Path | None = None):
    invocation = invoke("distill", None, settings, settings_of_hosts(2, index, "n:1"), run=run)
    contents = {"teacher": Content("folder", "runs/t", (FileContent(path, 1, digest),))}
    return SimpleNamespace(invocation=invocation, recipe=invocation.recipe, contents=contents)


def test_hosts_with_the_same_command_report_the_same():
    assert report_of(ready("teacher=here")) == report_of(ready("teacher=there", index=1))


def test_what_differs_is_in_the_part_that_it_belongs_to(tmp_path):
    (tmp_path / "run/checkpoints/step-000200").mkdir(parents=True)
    first = report_of(ready())
    others = [ready("train.batch_size=64"), ready(digest="1f"), ready(run=tmp_path / "run")]
    differing = [{name for name, part in report_of(other).items() if part != first[name]} for other in others]
    assert differing == [{"recipe"}, {"inputs"}, {"run"}]
    assert report_of(others[2])["run"] == {"newest checkpoint": "step 200"}
    assert first["recipe"]["train.batch_size"] == 32
    assert "hosts.index" not in first["recipe"]
    assert first["versions"]["keras"]


class Worker:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def explain(self, error: Exception) -> None:
        self.told.append(error)

    def tell_end(self, reason: str, code: int) -> None:
        self.told.append((reason, code))


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (UserError("No teacher."), "has ended: No teacher", 2),
        (Interrupted("Stopped at step 3"), "has ended: Stopped at step 3", 130),
        (KeyboardInterrupt(), "was stopped", 130),
        (SystemExit(143), "was stopped", 130),
        (ValueError("shapes"), "has ended on ValueError: shapes", 1),
    ],
)
def test_a_worker_says_why_it_ends(monkeypatch, error, reason, code):
    worker = Worker()
    monkeypatch.setattr(many_hosts, "fork_worker", lambda place: worker)

    def work() -> None:
        with joined_worker(PLACE, ready().invocation) as process:
            assert process is worker
            raise error

    with pytest.raises(type(error)):
        work()
    assert worker.told[-1] == (reason, code)


def test_a_worker_whose_memory_does_not_suffice_says_so_in_a_sentence(monkeypatch):
    worker = Worker()
    monkeypatch.setattr(many_hosts, "fork_worker", lambda place: worker)
    with pytest.raises(RunError) as raised, joined_worker(PLACE, ready().invocation):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.")
    reason = "has ended: There must be enough memory. Received: RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"
    assert worker.told == [(reason, 1)]
    assert "train.rematerialize=true" in raised.value.hint


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (End(1, "is gone: its process was ended"), "Error: Host 1 (b) is gone: its process was ended, so the job ends on all hosts; "),
        (End(1, "was stopped", 130), "Host 1 (b) was stopped, so the job ends on all hosts; "),
        (End(0, "was ended by signal 6 (Aborted)", is_crash=True), "a trace\nError: Host 0 (a) was ended by signal 6 (Aborted), so the job"),
    ],
)  # fmt: skip
def test_who_is_to_blame_is_said_with_what_is_saved_and_what_goes_on(capsys, tmp_path, end, said):
    (tmp_path / "run/checkpoints/step-000200").mkdir(parents=True)
    (tmp_path / "run/recipe.yaml").write_text("seed: 0\n")
    words = ("mbert", "distill", "--fresh", "--host-index", "0")
    invocation = replace(ready(run=tmp_path / "run").invocation, command=words)
    watched = Watched(1, None, BytesIO(b"a trace\n"))
    many_hosts._say_why(PLACE, end, ("a", "b"), watched, invocation)
    errors = capsys.readouterr().err
    assert errors.startswith(said)
    assert errors.endswith(
        f"the state up to step 200 is saved in {tmp_path / 'run'}\n"
        "Hint: `mbert distill --host-index 0` on every host, each with its own --host-index, goes on from there.\n"
    )
    assert (tmp_path / "run/failed.json").exists() == (end.code != 130)
