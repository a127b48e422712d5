"""Run directories: what they hold, who may write to them, and what is refused."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from mbert_cli.errors import Interrupted, RunError, UserError
from mbert_cli.runs.directory import RunDir, newest_complete, recorded_recipe, require_run

RECIPE = {"seed": 0, "train": {"steps": 100, "optimizer": {"learning_rate": 1e-5}}}
ORIGIN = {"command": "mbert distill", "started": "2026-01-02T03:04:05+00:00", "seed": 0}


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def owned_run() -> Iterator[tuple[Path, int]]:
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


def open_run(path: str, verb: str = "distill", recipe: dict = RECIPE, fresh: bool = False) -> RunDir:
    return RunDir.open(Path(path), verb, recipe, fresh=fresh, origin=ORIGIN)


def complete_run(path: str, verb: str = "distill") -> Path:
    with open_run(path, verb) as run:
        run.finish(lambda folder: (folder / "vocab.txt").write_text("[PAD]\n"))
    return Path(path)


def files(path: Path | str) -> set[str]:
    return {item.relative_to(path).as_posix() for item in Path(path).rglob("*") if item.is_file()}


def refusal(action: Callable[[], object]) -> str:
    """The whole message of a UserError: its sentence, then its hint."""
    with pytest.raises(UserError) as caught:
        action()
    assert caught.value.exit_code == 2
    return f"{caught.value.message}\n{caught.value.hint}"


def test_a_new_run_holds_recipe_origin_and_lock() -> None:
    run = open_run("runs/x")
    assert files("runs/x") == {"recipe.yaml", "origin.json", "lock"}
    assert Path("runs/x/recipe.yaml").read_text() == (
        "# mbert distill: the resolved recipe of this run\n"
        "seed: 0\ntrain:\n  steps: 100\n  optimizer:\n    learning_rate: 1.0e-05\n"
    )
    assert run.recipe == RECIPE
    assert run.origin == {"verb": "distill", "sessions": [ORIGIN]}
    assert not run.is_complete
    assert run.journal_path == Path("runs/x/log.jsonl")
    assert run.checkpoints == Path("runs/x/checkpoints")
    assert run.export == Path("runs/x/export")


def test_a_closed_run_has_no_lock() -> None:
    open_run("runs/x").close()
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


def test_a_continued_run_appends_its_session() -> None:
    open_run("runs/x").close()
    with open_run("runs/x") as run:
        assert run.origin == {"verb": "distill", "sessions": [ORIGIN, ORIGIN]}


def test_a_finished_run_holds_the_recipe_in_its_result_and_is_complete() -> None:
    complete_run("runs/x")
    assert files("runs/x/final") == {"manifest.json", "recipe.yaml", "vocab.txt"}
    with open_run("runs/x") as run:
        assert run.is_complete
        assert run.origin["sessions"] == [ORIGIN]


def test_tuples_and_lists_are_the_same_recipe() -> None:
    open_run("runs/x", recipe={"layer_map": (0, 1), "empty": {}}).close()
    open_run("runs/x", recipe={"layer_map": [0, 1], "empty": {}}).close()


def test_another_recipe_is_refused_with_every_key_that_differs() -> None:
    open_run("runs/x").close()
    before = Path("runs/x/origin.json").read_bytes()
    other = {"seed": 0, "train": {"steps": 200, "optimizer": {"learning_rate": 0.1}}, "teacher": "runs/t"}
    assert refusal(lambda: open_run("runs/x", recipe=other)) == (
        "A run directory belongs to one recipe. Received: another one for runs/x\n"
        "  train.steps: 200 (the run in runs/x has 100)\n"
        "  train.optimizer.learning_rate: 0.1 (the run in runs/x has 1e-05)\n"
        '  teacher: "runs/t" (the run in runs/x has no such key)\n'
        "`--fresh` moves the old run aside, `--run DIR` uses another directory."
    )
    assert Path("runs/x/origin.json").read_bytes() == before
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


def test_another_command_is_refused() -> None:
    open_run("runs/x").close()
    assert refusal(lambda: open_run("runs/x", verb="finetune")) == (
        "A run directory belongs to one command. Received: finetune for runs/x, a distill run\n"
        "`--fresh` moves the old run aside, `--run DIR` uses another directory."
    )


def test_fresh_moves_the_old_runs_aside_and_deletes_nothing() -> None:
    complete_run("runs/x")
    Path("runs/x.old-7").mkdir()
    with open_run("runs/x", recipe={"seed": 1}, fresh=True) as run:
        assert run.recipe == {"seed": 1}
        assert files("runs/x") == {"recipe.yaml", "origin.json", "lock"}
        assert files("runs/x.old-8") == {
            "recipe.yaml", "origin.json", "final/manifest.json", "final/recipe.yaml", "final/vocab.txt",
        }  # fmt: skip


def test_fresh_begins_where_nothing_is() -> None:
    open_run("runs/x", fresh=True).close()
    assert [path.name for path in Path("runs").iterdir()] == ["x"]


def test_a_directory_of_other_files_is_refused_and_not_touched() -> None:
    folder = Path("photos")
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        (folder / name).touch()
    for fresh in (False, True):
        assert refusal(lambda fresh=fresh: open_run("photos", fresh=fresh)) == (
            "A run directory must be a run, empty or new. Received: photos, which holds a.jpg, b.jpg, c.jpg, ...\n"
            "Use another directory with `--run DIR`."
        )
    assert files("photos") == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}


def test_a_file_in_place_of_the_directory_is_refused() -> None:
    Path("x").touch()
    assert refusal(lambda: open_run("x")) == (
        "A run directory must be a directory. Received: x, a file\nUse another directory with `--run DIR`."
    )


def test_a_directory_that_cannot_be_made_is_refused() -> None:
    Path("x").touch()
    assert refusal(lambda: open_run("x/y")) == (
        "A run directory must be writable. Received: x/y (Not a directory)\n"
        "Use another directory with `--run DIR`."
    )


def test_a_session_killed_before_its_recipe_was_written_is_begun_anew() -> None:
    folder = Path("runs/x")
    folder.mkdir(parents=True)
    for name in ("lock", "origin.json", "recipe.yaml.partial-999999999"):
        (folder / name).touch()
    open_run("runs/x").close()
    assert files("runs/x") == {"origin.json", "recipe.yaml"}


def test_a_recipe_that_cannot_be_read_is_refused() -> None:
    open_run("runs/x").close()
    Path("runs/x/recipe.yaml").write_text("a: [")
    assert refusal(lambda: open_run("runs/x")) == (
        "A run's recipe must be a YAML mapping. Received: runs/x/recipe.yaml, which cannot be read\n"
        "Restore the file, or use another directory with `--run DIR`."
    )


def test_a_run_of_a_live_process_is_refused_also_with_fresh(owned_run: tuple[Path, int]) -> None:
    path, process = owned_run
    started = datetime.fromisoformat(json.loads((path / "lock").read_text())["started"]).astimezone()
    for fresh in (False, True):
        assert refusal(lambda fresh=fresh: open_run("runs/x", fresh=fresh)) == (
            f"runs/x is in use by process {process} since {started:%H:%M:%S}.\n"
            "Wait for it, or use another directory with `--run DIR`."
        )
    assert [item.name for item in Path("runs").iterdir()] == ["x"]


def test_a_run_of_a_killed_process_is_taken_over(owned_run: tuple[Path, int]) -> None:
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


def test_an_owner_of_another_day_and_host_is_shown_with_both() -> None:
    run = open_run("runs/x")
    owner = {"process": 12, "host": "elsewhere", "started": "2025-01-02T03:04:05+00:00"}
    Path("runs/x/lock").write_text(json.dumps(owner))
    since = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC).astimezone()
    assert refusal(lambda: open_run("runs/x")) == (
        f"runs/x is in use by process 12 on elsewhere since {since:%Y-%m-%d %H:%M:%S}.\n"
        "Wait for it, or use another directory with `--run DIR`."
    )
    run.close()


def test_a_forked_worker_neither_keeps_nor_ends_the_lock() -> None:
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


def test_an_error_is_noted_and_the_next_session_removes_the_note() -> None:
    with pytest.raises(RunError), open_run("runs/x"):
        raise RunError("The loss must be finite. Received: nan")
    assert json.loads(Path("runs/x/failed.json").read_text())["message"] == (
        "The loss must be finite. Received: nan"
    )
    assert files("runs/x") == {"recipe.yaml", "origin.json", "failed.json"}
    open_run("runs/x").close()
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


@pytest.mark.parametrize("error", [Interrupted("Stopped."), KeyboardInterrupt()])
def test_an_interrupted_run_has_not_failed(error: BaseException) -> None:
    with pytest.raises(type(error)), open_run("runs/x"):
        raise error
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


def test_a_required_run_gives_its_recipe_and_is_not_locked() -> None:
    run = require_run(complete_run("runs/x"), ["distill", "train-teacher"])
    assert (run.path, run.verb, run.recipe) == (Path("runs/x"), "distill", RECIPE)
    assert run.final == Path("runs/x/final")
    assert not Path("runs/x/lock").exists()


def test_a_missing_run_is_refused_with_the_runs_there_are() -> None:
    complete_run("runs/a")
    complete_run("runs/b/c")
    complete_run("runs/d", "prepare")
    open_run("runs/e").close()
    assert refusal(lambda: require_run(Path("runs/x"), ["distill", "train-teacher"])) == (
        "A run directory must exist. Received: runs/x\n"
        "Complete runs of the kind distill or train-teacher: runs/a, runs/b/c."
    )
    assert refusal(lambda: require_run(Path("x"), ["train-teacher"])) == (
        "A run directory must exist. Received: x\n"
        "There is no complete run of the kind train-teacher; make one: mbert train-teacher"
    )


def test_a_directory_without_recipe_is_not_a_run() -> None:
    Path("photos").mkdir()
    complete_run("runs/a")
    assert refusal(lambda: require_run(Path("photos"), ["distill"])) == (
        "A run directory must have a recipe.yaml. Received: photos\n"
        "Complete runs of the kind distill: runs/a."
    )


def test_a_run_of_the_wrong_kind_is_refused() -> None:
    complete_run("runs/a", "prepare")
    assert refusal(lambda: require_run(Path("runs/a"), ["distill", "train-teacher"])) == (
        "The run must be of the kind distill or train-teacher. Received: runs/a of the kind prepare\n"
        "There is no complete run of the kind distill or train-teacher; make one: mbert train-teacher"
    )


def test_an_interrupted_run_is_refused_with_the_command_that_finishes_it() -> None:
    open_run("runs/x").close()
    Path("runs/x/checkpoints/step-000200").mkdir(parents=True)
    assert refusal(lambda: require_run(Path("runs/x"), ["distill"])) == (
        "The run must be complete. Received: runs/x, interrupted at step 200\n"
        "Finish it: mbert distill runs/x/recipe.yaml --run runs/x"
    )


def test_a_running_run_is_refused_with_the_process_to_wait_for() -> None:
    with open_run("runs/x"):
        started = datetime.fromisoformat(json.loads(Path("runs/x/lock").read_text())["started"]).astimezone()
        assert refusal(lambda: require_run(Path("runs/x"), ["distill"])) == (
            "The run must be complete. Received: runs/x, running\n"
            f"Wait for process {os.getpid()} since {started:%H:%M:%S}."
        )
        assert json.loads(Path("runs/x/lock").read_text())["host"] == socket.gethostname()


def test_a_damaged_run_is_refused_with_the_file() -> None:
    (complete_run("runs/x") / "final/vocab.txt").write_text("[UNK]\n")
    assert refusal(lambda: require_run(Path("runs/x"), ["distill"])) == (
        "A directory must match its manifest.json. Received: runs/x/final, where vocab.txt was altered\n"
        "Restore it from a copy, or rename runs/x/final and run the command that wrote it again."
    )


def test_the_run_completed_last_is_the_newest_whatever_its_name() -> None:
    for name in ("c", "a", "b"):
        complete_run(f"runs/{name}")
    complete_run("runs/p", "prepare")
    open_run("runs/z").close()
    assert newest_complete(Path("runs"), ["distill", "train-teacher"]) == Path("runs/b")
    assert newest_complete(Path("runs"), ["finetune"]) is None
    assert newest_complete(Path("nowhere"), ["finetune"]) is None


def test_a_run_moved_aside_is_never_the_newest() -> None:
    complete_run("runs/x")
    open_run("runs/x", fresh=True).close()
    assert newest_complete(Path("runs"), ["distill"]) is None


def test_the_recipe_of_a_run_is_plain_yaml() -> None:
    assert recorded_recipe(Path("runs/x")) == {}
    complete_run("runs/x")
    assert recorded_recipe(Path("runs/x")) == RECIPE
    assert yaml.safe_load(Path("runs/x/final/recipe.yaml").read_text()) == RECIPE


def test_a_damaged_result_can_be_renamed_and_written_again() -> None:
    complete_run("runs/x")
    shutil.move("runs/x/final", "runs/x/final.damaged")
    with open_run("runs/x") as run:
        assert not run.is_complete
        run.finish(lambda folder: None)
    assert require_run(Path("runs/x"), ["distill"]).is_complete


def test_wrong_input_begins_no_run() -> None:
    with pytest.raises(UserError), open_run("runs/x"):
        raise UserError("The corpus must have text. Received: none")
    assert not Path("runs/x").exists()


def test_wrong_input_puts_back_the_run_that_fresh_moved_aside() -> None:
    complete_run("runs/x")
    before = files("runs/x")
    with pytest.raises(UserError), open_run("runs/x", fresh=True):
        raise UserError("The corpus must have text. Received: none")
    assert files("runs/x") == before
    assert [path.name for path in Path("runs").iterdir()] == ["x"]


def test_wrong_input_loses_nothing_of_a_run_that_is_continued() -> None:
    open_run("runs/x").close()
    with pytest.raises(UserError), open_run("runs/x"):
        raise UserError("The disk must have room. Received: none")
    assert "recipe.yaml" in files("runs/x")


def test_a_run_in_a_folder_of_the_root_is_not_the_newest() -> None:
    complete_run("runs/smoke/x")
    assert newest_complete(Path("runs"), ["distill"]) is None
    assert newest_complete(Path("runs/smoke"), ["distill"]) == Path("runs/smoke/x")


def test_the_command_of_a_session_may_name_files_of_odd_bytes(tmp_path: Path) -> None:
    origin = {"command": "mbert prepare --run runs/\udcff"}
    with RunDir.open(tmp_path / "a", "prepare", {"seed": 0}, fresh=False, origin=origin) as run:
        assert run.origin["sessions"] == [origin]
