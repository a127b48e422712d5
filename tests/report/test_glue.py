"""`mbert runs --glue`: models by row, tasks by column, both averages."""

import json
from pathlib import Path

import pytest
import yaml

from mbert_cli.page import PRINTED, Delivery
from mbert_cli.report.glue import glue_page
from mbert_cli.report.terminal import deliver, page_text
from mbert_cli.search.grid import Setting
from mbert_cli.search.results import SearchReport, SettingResult, TrialResult, write_report


def write_run(root: Path, name: str, glue_task: str, score: float, **changes: object) -> Path:
    final = root / name / "final"
    final.mkdir(parents=True)
    scored = changes.pop("scored", {})
    recipe = {
        "seed": len(list(root.iterdir())),  # another one for each
        "source": "runs/student",
        "pretrained": True,
        "task": {"source": "glue", "name": glue_task},
    } | changes
    (root / name / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    verb = "distill-task" if "distill" in recipe else "finetune"
    (root / name / "origin.json").write_text(json.dumps({"verb": verb, "sessions": []}))
    summary = {"score": score, "score_name": "accuracy"} | scored
    (final / "summary.json").write_text(json.dumps(summary))
    manifest = {"completed": "2026-01-01T00:00:00+00:00", "files": {}}
    (final / "manifest.json").write_text(json.dumps(manifest))
    return root / name


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def rows(root: Path, capsys) -> dict[str, list[str]]:
    """Cells by the name of the model, of which empty ones are left out."""
    deliver(glue_page(root), PRINTED)
    lines = capsys.readouterr().out.splitlines()
    return {
        cells[0]: cells[1:]
        for cells in ([c.strip() for c in f"  {line}".split("  ") if c.strip()] for line in lines)
        if cells
    }


def test_seeds_are_a_mean_with_its_deviation_and_averages_count_each_task_once(root, capsys):
    write_run(root, "a", "rte", 0.5)
    write_run(root, "b", "rte", 0.6)
    write_run(root, "c", "cola", 0.25)
    write_run(root, "d", "wnli", 0.4)
    found = rows(root, capsys)
    assert found["model"] == ["cola", "rte", "wnli", "average", "without wnli"]
    # (25 + 55 + 40) / 3 and (25 + 55) / 2
    assert found["student"] == ["25.0", "55.0 ± 7.1", "40.0", "40.0", "40.0"]


def test_a_model_that_lacks_a_task_has_no_average(root, capsys):
    write_run(root, "a", "rte", 0.5)
    write_run(root, "b", "cola", 0.3)
    write_run(root, "c", "rte", 0.4, pretrained=False)
    found = rows(root, capsys)
    assert found["student"] == ["30.0", "50.0", "40.0", "40.0"]
    assert found["fresh weights of the shape of student"] == ["40.0"]


def test_mnli_is_the_mean_of_both_sets_where_both_were_scored(root, capsys):
    run = write_run(root, "a", "mnli", 0.6)
    (run / "eval").mkdir()
    (run / "eval/validation_mismatched.json").write_text(json.dumps({"metric": "accuracy", "score": 0.7}))
    assert rows(root, capsys)["student"] == ["65.0", "65.0", "65.0"]


OFFICIAL = {"set": "3f9a1c02aaaaaaaa", "examples": 872}
OTHER = {"set": "77777777bbbbbbbb", "examples": 436}


def test_scores_of_different_sets_stand_in_different_columns(root, capsys):
    write_run(root, "a", "sst2", 0.8, scored=OTHER)
    write_run(root, "b", "sst2", 0.9, scored=OFFICIAL)
    write_run(root, "c", "sst2", 0.7, scored=OFFICIAL)
    write_run(root, "d", "rte", 0.5, scored=OTHER)
    write_run(root, "e", "sst2", 0.6, scored=OTHER, source="runs/older")
    found = rows(root, capsys)
    assert found["model"] == [
        "sst2, 872 examples (set 3f9a1c02)", "sst2, 436 examples (set 77777777)", "rte", "average", "without wnli",
    ]  # fmt: skip
    assert found["student"] == ["80.0 ± 14.1", "80.0", "50.0", "65.0", "65.0"]
    assert found["older"] == ["60.0"]  # no average: it was not scored on the set that counts
    assert (
        "A task whose runs were scored on different sets has a column for each; averages count the first."
        in found
    )


def test_only_mnli_says_which_of_its_sets_a_score_is_of_where_none_was_recorded(root):
    write_run(root, "a", "cola", 0.6)
    write_run(root, "b", "cola", 0.6, scored=OFFICIAL)
    write_run(root, "c", "mnli", 0.6)
    write_run(root, "d", "mnli", 0.6, scored=OFFICIAL)
    (table,) = glue_page(root).tables
    assert [heading for heading in table.columns if "recorded" in heading] == [
        "cola, a set that was not recorded",
        "mnli, matched, a set that was not recorded",
    ]
    assert "Averages are over the 2 tasks here" in table.notes[2]


def test_mnli_of_one_set_and_of_both_are_two_columns(root, capsys):
    write_run(root, "a", "mnli", 0.6, scored=OFFICIAL)
    run = write_run(root, "b", "mnli", 0.6, scored=OFFICIAL, source="runs/other")
    (run / "eval").mkdir()
    (run / "eval/validation_mismatched.json").write_text(
        json.dumps({"metric": "accuracy", "score": 0.7} | OTHER)
    )
    found = rows(root, capsys)
    assert found["model"][:2] == [
        "mnli, 872 examples (set 3f9a1c02) and 436 examples (set 77777777)", "mnli, 872 examples (set 3f9a1c02)",
    ]  # fmt: skip
    assert (found["other"], found["student"]) == (["65.0", "65.0", "65.0"], ["60.0"])


def test_a_search_counts_with_the_seeds_of_its_setting(root, capsys):
    run = write_run(root, "s", "mnli", 0.8)
    setting = Setting(0.1, 32, 2)
    trials = tuple(
        TrialResult(setting.trial(seed), seed, "complete", score, 20, 20, "accuracy")
        for seed, score in enumerate((0.82, 0.78))
    )
    write_report(run, SearchReport((SettingResult(setting, trials),)))
    assert rows(root, capsys)["student"] == ["80.0 ± 2.8", "80.0", "80.0"]
    for trial, expected in zip(
        trials, (["80.0 ± 2.8", "80.0", "80.0"], ["70.0 ± 1.4", "70.0", "70.0"]), strict=True
    ):
        report = run / "trials" / trial.name / "eval"
        report.mkdir(parents=True)
        (report / "validation_mismatched.json").write_text(json.dumps({"metric": "accuracy", "score": 0.6}))
        # The second set counts once all seeds were scored on it.
        assert rows(root, capsys)["student"] == expected


def test_json_holds_shares_of_one_and_which_sets_they_are_of(root):
    write_run(root, "a", "rte", 0.5, scored=OFFICIAL)
    write_run(root, "b", "rte", 0.6, scored=OFFICIAL)
    write_run(root, "c", "wnli", 0.4)
    document = json.loads(page_text(glue_page(root), Delivery("json")))
    (model,) = document["models"]
    assert model["model"] == "student"
    assert model["tasks"][0] == {
        "task": "rte", "sets": [{"examples": 872, "set": "3f9a1c02aaaaaaaa"}], "matched_and_mismatched": False,
        "runs": 2, "mean": 0.55, "deviation": pytest.approx(0.005**0.5), "recipes": 1,
    }  # fmt: skip
    assert (model["average"], model["average_without_wnli"]) == (pytest.approx(0.475), 0.55)
    assert len(document["notes"]) == 3


def test_runs_of_several_recipes_are_no_seeds_and_the_best_recipe_counts(root, capsys):
    write_run(root, "a", "rte", 0.5)
    write_run(root, "b", "rte", 0.6)
    write_run(root, "c", "rte", 0.7, train={"batch_size": 8})
    found = rows(root, capsys)
    assert found["student"] == ["70.0", "70.0", "70.0"]
    assert (
        "Where runs differ in more than their seeds, or repeat one, the best recipe counts, out of so many: "
        "student: rte (2)."
    ) in " ".join(found)


def test_models_of_one_name_in_two_folders_are_two_rows(root, capsys):
    write_run(root, "a", "rte", 0.5)
    write_run(root, "b", "rte", 0.6, source="other/student")
    found = rows(root, capsys)
    assert (found["runs/student"], found["other/student"]) == (["50.0"] * 3, ["60.0"] * 3)


@pytest.mark.parametrize(
    ("source", "name"),
    [("runs/student", "student, distilled on the task"), (None, "fresh weights, taught by big")],
)
def test_what_was_distilled_on_a_task_is_a_row_beside_what_was_fine_tuned(root, capsys, source, name):
    write_run(root, "a", "rte", 0.5)
    write_run(root, "b", "rte", 0.6, source=source, teacher="runs/big", distill={"strategy": "task"})
    found = rows(root, capsys)
    assert (found["student"], found[name]) == (["50.0"] * 3, ["60.0"] * 3)


def test_what_was_moved_aside_does_not_count(root, capsys):
    write_run(root, "a.old-1", "rte", 0.9)
    write_run(root, "a", "rte", 0.5)
    assert rows(root, capsys)["student"] == ["50.0"] * 3


def test_other_tasks_are_not_in_the_table(root, capsys):
    write_run(root, "a", "x", 0.6, task={"source": "file", "train": "t.tsv"})
    deliver(glue_page(root), PRINTED)
    assert capsys.readouterr().out == f"There is no complete finetune run of a GLUE task in {root}.\n"
