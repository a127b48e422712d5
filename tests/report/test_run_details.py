"""All about one run, read from its directory."""

import json
import os
from pathlib import Path

import pytest

from mbert_cli.recipe.loading import load
from mbert_cli.report.run_details import read_details
from mbert_cli.runs.content import files_content
from mbert_cli.runs.directory import RunDir
from mbert_cli.weights.description import SetDescription

RUN = Path("runs/task")
SET = {"set": "3f9a1c02aaaaaaaa", "examples": 872}


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("text,label\n")


def begin() -> RunDir:
    recipe = load("finetune", "file", ["task.train=t.csv", "train.epochs=7"]).values()
    contents = {"task.train": files_content("t.csv", [Path("t.csv")])}
    origin = {"command": "mbert finetune file", "started": "2026-01-02T12:04:05+00:00"}
    return RunDir.open(RUN, "finetune", recipe, fresh=False, origin=origin, contents=contents)


def write(path: Path, **values: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def test_keys_with_a_value_of_their_own_are_kept_and_defaults_are_not():
    begin().close()
    details = read_details(RUN)
    assert details.recipe["train.epochs"] == 7
    assert details.recipe["task.train"] == "t.csv"
    assert "train.batch_size" not in details.recipe
    assert list(details.contents) == ["task.train"]
    assert details.commands == ["mbert finetune file"]
    assert f"{details.info.began:%Y-%m-%d}" == "2026-01-02"


def test_an_artifact_and_an_evaluation_are_scores_in_files():
    with begin() as run:
        run.finish(lambda folder: write(folder / "summary.json", score=0.9, steps=40))
    export = RUN / "export/float16"
    write(export / "report.json", parity={"metric_artifact": 2 / 3}, metric="accuracy", **SET)
    (export / "model.tflite").write_bytes(bytes(2_000_000))
    write(RUN / "eval/validation.json", score=0.9, metric="accuracy", examples=64)
    write(RUN / "eval/validation-predictions.json", some_id="an answer")
    os.utime(RUN / "eval/validation.json", (0, 0))
    details = read_details(RUN)
    (artifact,) = details.artifacts
    assert (artifact.name, artifact.size_bytes, artifact.score) == ("float16", 2_000_000, 2 / 3)
    assert artifact.scored == SetDescription(digest=SET["set"], examples=872)
    assert not artifact.is_outdated
    (evaluation,) = details.evaluations
    assert (evaluation.name, evaluation.size_bytes, evaluation.examples) == ("validation", None, 64)
    assert evaluation.scored is None
    assert evaluation.is_outdated


def test_a_state_is_explained():
    with begin() as run:
        assert read_details(RUN).explanation.startswith(f"process {os.getpid()} since ")
        run.fail("A loss must stay finite.")
    assert read_details(RUN).explanation == "A loss must stay finite."
    with begin() as run:
        run.finish(lambda folder: None)
    assert (read_details(RUN).explanation, read_details(RUN).growth) == ("", "")
    write(RUN / "longer.json", **{"train.epochs": {"before": 7, "now": 9}})
    assert read_details(RUN).growth == (
        "continues for train.epochs 9 after 7, and final/ has the earlier result"
    )


def test_a_run_whose_files_are_damaged_is_shown_as_far_as_it_can_be_read():
    begin().close()
    (RUN / "origin.json").write_text("{")
    write(RUN / "eval/validation.json")
    details = read_details(RUN)
    assert (details.info.kind, details.commands, details.info.began) == ("unknown", ["unknown"], None)
    assert not details.evaluations
