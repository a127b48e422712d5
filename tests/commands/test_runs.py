"""The table of runs."""

import json
import re
from pathlib import Path

import pytest

from mbert_cli.commands.runs import RunsCommand, run
from mbert_cli.errors import UserError
from mbert_cli.page import Delivery
from mbert_cli.report import run_table
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import describe_run
from mbert_cli.search.grid import Setting
from mbert_cli.search.results import SearchReport, SettingResult, TrialResult, write_report

pytestmark = pytest.mark.usefixtures("empty_folder")


def begin(path: str, verb: str) -> RunDir:
    origin = {"started": "2026-01-02T12:04:05+00:00"}
    return RunDir.open(Path(path), verb, {"seed": 0}, fresh=False, origin=origin)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed, with every stretch of spaces and of table rules as one space."""
    printed = capsys.readouterr()
    text = re.sub(r"[^\S\n]+|[│┃|]", " ", printed.out + printed.err)
    return [re.sub(" +", " ", line).strip() for line in text.splitlines()]


def test_a_run_is_a_row_with_kind_state_steps_size_score_and_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_table, "format_bytes", lambda size: "24.6 MB")
    with begin("runs/books/student", "distill") as begun:
        summary = {"steps": 4000, "score": 0.51236, "score_name": "masked_lm_accuracy"}
        begun.finish(lambda folder: (folder / "summary.json").write_text(json.dumps(summary)))
    begin("runs/corpus", "prepare").close()
    Path("runs/teacher/checkpoints/step-000200").mkdir(parents=True)
    Path("runs/teacher/recipe.yaml").write_text("seed: 0\n")
    run(RunsCommand(Path("runs")))
    printed = lines(capsys)
    assert "name kind state steps size score when" in printed
    finished = f"{describe_run(Path('runs/books/student')).finished.astimezone():%Y-%m-%d %H:%M}"
    assert f"books/student distill complete 4,000 24.6 MB masked_lm_accuracy 51.24% {finished}" in printed
    assert any(re.fullmatch(r"corpus prepare empty 24.6 MB 2026-01-02 \d\d:04", line) for line in printed)
    assert "teacher unknown interrupted 200 24.6 MB" in printed


def test_a_score_names_its_set(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"score": 0.9, "score_name": "accuracy", "set": "3f9a1c02aaaaaaaa", "examples": 1872}
    with begin("runs/task", "finetune") as begun:
        begun.finish(lambda folder: (folder / "summary.json").write_text(json.dumps(summary)))
    run(RunsCommand(Path("runs")))
    printed = lines(capsys)
    assert "name kind state steps size score of examples (set) when" in printed
    assert any("accuracy 90.00% 1,872 (3f9a1c02)" in line for line in printed)


def test_a_place_without_runs_names_the_command_that_makes_one(capsys: pytest.CaptureFixture[str]) -> None:
    run(RunsCommand(Path("runs")))
    assert lines(capsys) == ["There are no runs in runs. `mbert train-teacher` makes the first."]


def test_folders_that_are_not_runs_are_named_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs/photos").mkdir(parents=True)
    Path("runs/notes").mkdir()
    run(RunsCommand(Path("runs")))
    assert lines(capsys) == [
        "There are no runs in runs. `mbert train-teacher` makes the first.",
        "Not runs: runs/notes, runs/photos",
    ]


def finished_search(path: Path) -> None:
    """A search of one setting, as it lies on the disk."""
    setting = Setting(0.1, 32, 2)
    trial = TrialResult(setting.trial(0), 0, "complete", 0.82, 20, 20, "accuracy")
    with begin(str(path), "finetune") as begun:
        write_report(path, SearchReport((SettingResult(setting, (trial,)),)))
        summary = {"score": 0.82, "score_name": "accuracy", "steps": 20}
        begun.finish(lambda folder: (folder / "summary.json").write_text(json.dumps(summary)))


def test_a_search_is_one_row_that_counts_trials_and_alone_it_has_its_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_table, "format_bytes", lambda size: "1 MB")
    finished_search(Path("runs/s"))
    run(RunsCommand(Path("runs")))
    assert any(
        line.startswith("s finetune complete 1 of 1 trials 1 MB accuracy 82.00% 2") for line in lines(capsys)
    )
    run(RunsCommand(Path("runs/s")))
    assert "0.1 32 2 1 of 1 82.00% 20 chosen" in lines(capsys)


def test_json_of_a_run_has_the_search_that_it_is_or_null(capsys: pytest.CaptureFixture[str]) -> None:
    finished_search(Path("runs/s"))
    begin("runs/corpus", "prepare").close()
    found = {}
    for name in ("s", "corpus"):
        run(RunsCommand(Path("runs", name), delivery=Delivery("json")))
        found[name] = json.loads(capsys.readouterr().out)
    assert found["s"]["search"]["chosen"]["mean"] == 0.82
    assert found["corpus"]["search"] is None
    assert set(found["s"]) == set(found["corpus"])


def test_pages_of_chain_and_glue_are_documents_too(capsys: pytest.CaptureFixture[str]) -> None:
    begin("runs/corpus", "prepare").close()
    for page, empty in (("chain", {"models": [], "artifacts": []}), ("glue", {"models": []})):
        run(RunsCommand(Path("runs"), **{page: True}, delivery=Delivery("json")))
        document = json.loads(capsys.readouterr().out)
        assert document | empty == document
        assert len(document["notes"]) == 1


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (RunsCommand(Path("my runs/a"), chain=True), "mbert runs 'my runs' --chain"),
        (RunsCommand(Path("my runs/a"), glue=True), "mbert runs 'my runs' --glue"),
        (RunsCommand(Path("my runs/a/final")), "mbert runs 'my runs/a'"),
    ],
)
def test_one_run_is_no_folder_of_runs_and_the_folder_of_its_result_no_run(asked, hint) -> None:
    with begin("my runs/a", "finetune") as begun:
        begun.finish(lambda folder: (folder / "recipe.yaml").write_text("seed: 0\n"))
    with pytest.raises(UserError) as caught:
        run(asked)
    assert hint in caught.value.hint
