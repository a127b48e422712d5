"""What is in runs/."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.listing import describe_run, list_runs, newest_complete, unknown_folders


def new_run(path: str) -> RunDir:
    origin = {"started": "2026-01-02T03:04:05+00:00"}
    return RunDir.open(Path(path), "distill", {"seed": 0}, fresh=False, origin=origin)


def test_a_run_goes_from_running_to_empty_interrupted_failed_and_complete() -> None:
    run, states = new_run("runs/x"), []

    def look() -> None:
        states.append(describe_run(run.path).state)

    look()
    run.close()
    look()
    (run.checkpoints / "step-000002").mkdir(parents=True)
    look()
    run.fail("The loss must be finite. Received: nan")
    look()
    run.finish(lambda folder: None)
    look()
    assert states == ["running", "empty", "interrupted", "failed", "complete"]


def test_figures_come_from_the_summary() -> None:
    with new_run("runs/x") as run:
        summary = {"steps": 40, "score": 0.875, "score_name": "accuracy"}
        run.finish(lambda folder: (folder / "summary.json").write_text(json.dumps(summary)))
    info = describe_run(Path("runs/x"))
    assert (info.path, info.kind, info.state) == (Path("runs/x"), "distill", "complete")
    assert (info.steps, info.score, info.score_name) == (40, 0.875, "accuracy")
    assert info.began == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert abs((datetime.now(UTC) - info.finished).total_seconds()) < 60
    assert info.size_bytes == sum(file.stat().st_size for file in Path("runs/x").rglob("*") if file.is_file())


def test_steps_of_an_unfinished_run_come_from_its_journal_or_its_checkpoints() -> None:
    with new_run("runs/x") as run:
        assert describe_run(run.path).steps is None
        (run.checkpoints / "step-000200").mkdir(parents=True)
        (run.checkpoints / "step-1000000").mkdir()
        (run.checkpoints / "step-2000000.partial-1").mkdir()
        assert describe_run(run.path).steps == 1_000_000
        Journal(run.journal_path).append({"step": 1_000_010})
        assert describe_run(run.path).steps == 1_000_010


def test_a_run_with_a_damaged_origin_is_of_unknown_kind() -> None:
    new_run("runs/x").close()
    Path("runs/x/origin.json").write_text("{")
    info = describe_run(Path("runs/x"))
    assert (info.kind, info.state, info.began, info.finished) == ("unknown", "empty", None, None)


def test_runs_are_found_one_level_deep_and_other_folders_are_unknown() -> None:
    for name in ("b", "a/one", "a/two", "a/deep/three"):
        new_run(f"runs/{name}").close()
    for name in ("photos", "empty/inner", "a/notes", ".hidden", "c.partial-1"):
        Path("runs", name).mkdir(parents=True)
    Path("runs/file").touch()
    assert [str(run.path) for run in list_runs(Path("runs"))] == ["runs/a/one", "runs/a/two", "runs/b"]
    assert unknown_folders(Path("runs")) == [Path("runs/empty"), Path("runs/photos")]
    assert list_runs(Path("nowhere")) == unknown_folders(Path("nowhere")) == []


def test_the_run_completed_last_is_the_newest_whatever_its_name(open_run, complete_run) -> None:
    for name in ("c", "a", "b"):
        complete_run(f"runs/{name}")
    complete_run("runs/p", "prepare")
    open_run("runs/z").close()
    assert newest_complete(Path("runs"), ["distill", "train-teacher"]) == Path("runs/b")
    assert newest_complete(Path("runs"), ["finetune"]) is None
    assert newest_complete(Path("nowhere"), ["finetune"]) is None


def test_a_run_moved_aside_is_never_the_newest(open_run, complete_run) -> None:
    complete_run("runs/x")
    open_run("runs/x", fresh=True).close()
    assert newest_complete(Path("runs"), ["distill"]) is None


def test_a_run_in_a_folder_of_the_root_is_not_the_newest(complete_run) -> None:
    complete_run("runs/smoke/x")
    assert newest_complete(Path("runs"), ["distill"]) is None
    assert newest_complete(Path("runs/smoke"), ["distill"]) == Path("runs/smoke/x")
