"""`mbert runs RUN`."""

import json
import os
import re
from pathlib import Path

import pytest

from mbert_cli.commands.runs import RunsCommand
from mbert_cli.commands.runs import run as show
from mbert_cli.recipe.loading import load
from mbert_cli.runs.content import files_content
from mbert_cli.runs.directory import RunDir

RUN = Path("runs/task")
ORIGIN = {"command": "mbert finetune file", "started": "2026-01-02T12:04:05+00:00"}


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("text,label\n")


def begin() -> RunDir:
    recipe = load("finetune", "file", ["task.train=t.csv", "train.epochs=7"]).values()
    contents = {"task.train": files_content("t.csv", [Path("t.csv")])}
    return RunDir.open(RUN, "finetune", recipe, fresh=False, origin=ORIGIN, contents=contents)


def write(path: Path, **values: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    show(RunsCommand(RUN))
    return [re.sub(" +", " ", line).strip() for line in capsys.readouterr().out.splitlines()]


def test_a_run_is_shown_with_all_that_it_has(capsys):
    scored = {"set": "3f9a1c02aaaaaaaa", "examples": 872}
    summary = {
        "score": 0.9,
        "score_name": "accuracy",
        "steps": 40,
        "parameters": 1234,
        "validation/loss": 0.25,
    }
    with begin() as run:
        write(run.checkpoints / "step-000040" / "state.json", step=40)
        run.finish(lambda folder: (folder / "summary.json").write_text(json.dumps(summary | scored)))
    export = RUN / "export/float16"
    write(
        export / "report.json",
        parity={"metric_artifact": 0.89},
        metric="accuracy",
        set="77777777",
        examples=64,
    )
    (export / "model.tflite").write_bytes(bytes(2_000_000))
    write(RUN / "eval/validation.json", score=0.9, metric="accuracy", **scored)
    printed = lines(capsys)
    for line in (
        "runs/task",
        "kind finetune",
        "state complete",
        "steps 40",
        "score accuracy 90.00%",
        "scored on 872 examples (set 3f9a1c02)",
        "Last command: mbert finetune file",
        "Recipe, keys that are not the default (runs/task/recipe.yaml has all)",
        "train.epochs 7",
        "task.train t.csv",
        "task.train t.csv 1 11 B",
        "parameters 1,234",
        "validation/loss 0.2500",
        "float16 2.0 accuracy 89.00% 64 examples (set 77777777)",
        "validation accuracy 90.00% 872 examples (set 3f9a1c02)",
    ):
        assert line in printed
    assert any(re.fullmatch(r"step-000040 \d+ B", line) for line in printed)
    assert "train.batch_size 32" not in printed  # the default
    for path in (export / "model.tflite", RUN / "eval/validation.json"):
        os.utime(path, (0, 0))
    printed = lines(capsys)
    assert "float16 2.0 accuracy 89.00% 64 examples (set 77777777) of an earlier result" in printed
    assert "validation accuracy 90.00% 872 examples (set 3f9a1c02) of an earlier result" in printed


def test_what_a_run_has_not_is_left_out(capsys):
    begin().close()
    printed = lines(capsys)
    assert "state empty" in printed
    for title in ("Figures", "Checkpoints", "Artifacts", "Evaluations"):
        assert title not in printed


def test_a_run_that_failed_or_works_or_goes_on_says_so(capsys):
    with begin() as run:
        assert any(line.startswith(f"state running: process {os.getpid()} since ") for line in lines(capsys))
        run.fail("A loss must stay finite.")
    assert "state failed: A loss must stay finite." in lines(capsys)
    with begin() as run:
        run.finish(lambda folder: None)
    write(RUN / "longer.json", **{"train.epochs": {"before": 7, "now": 9}})
    assert "state empty; continues for train.epochs 9 after 7, and final/ has the earlier result" in lines(
        capsys
    )
