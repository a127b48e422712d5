"""`mbert runs --chain`: models and artifacts, from pre-training to the phone."""

import json
from pathlib import Path

import pytest
import yaml

from mbert_cli.page import PRINTED, Delivery
from mbert_cli.report.chain import chain_page
from mbert_cli.report.terminal import deliver, page_text


def write_run(path: Path, verb: str, recipe: dict, summary: dict) -> None:
    """A complete run as the commands leave it, without its weights."""
    final = path / "final"
    final.mkdir(parents=True)
    (path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    (path / "origin.json").write_text(json.dumps({"verb": verb, "sessions": []}))
    (final / "summary.json").write_text(json.dumps(summary))
    manifest = {"completed": "2026-01-01T00:00:00+00:00", "files": {}}
    (final / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = Path("runs")
    write_run(
        root / "teacher",
        "train-teacher",
        {"seed": 0},
        {"score": 0.25, "score_name": "masked_language_model_accuracy"},
    )
    student = {"teacher": "runs/teacher", "distill": {"strategy": "joint"}}
    write_run(
        root / "student", "distill", student, {"score": 0.2, "score_name": "masked_language_model_accuracy"}
    )
    for name, pretrained in (("task", True), ("baseline", False)):
        recipe = {"source": "runs/student", "pretrained": pretrained}
        summary = {"score": 0.9, "score_name": "accuracy", "parameters": 1234}
        write_run(root / name, "finetune", recipe, summary)
    export = root / "task" / "export" / "float32"
    export.mkdir(parents=True)
    (export / "model.tflite").write_bytes(bytes(2_000_000))
    (export / "report.json").write_text(json.dumps({"parity": {"metric_artifact": 0.89}}))
    rows = [
        {"path": "runs/task/export/float32/model.tflite", "p50_ms": 2.0, "size_bytes": 2_000_000},
        {"path": "runs/reference/bert_base.tflite", "p50_ms": 30.0, "size_bytes": 400_000_000},
    ]
    (root / "bench").mkdir()
    (root / "bench" / "report.json").write_text(json.dumps({"reference": "bert_base", "rows": rows}))
    return root


def show(root: Path) -> None:
    deliver(chain_page(root), PRINTED)


def cells(line: str) -> list[str]:
    return [cell for cell in line.split("  ") if cell.strip()]


def test_what_was_moved_aside_is_no_model(root):
    (root / "task").rename(root / "task.old-1")
    (table,) = [table for table in chain_page(root).tables if table.title.startswith("Models")]
    assert [row[0] for row in table.rows] == ["baseline"]


def test_without_a_bench_there_are_no_columns_for_it(root):
    (root / "bench" / "report.json").unlink()
    (_, artifacts) = chain_page(root).tables
    assert artifacts.columns == ["artifact", "score on dev", "MB"]
    assert [list(row) for row in artifacts.rows] == [["task float32", "89.00%", "2.0"]]


def test_a_model_stands_with_its_teacher_and_both_scores(root, capsys):
    show(root)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "student (joint" in line]
    assert [cell.strip() for cell in cells(line)] == [
        "task", "student (joint, from teacher)", "1,234", "20.00%", "90.00% accuracy",
    ]  # fmt: skip


def test_a_baseline_has_no_score_of_pretraining(root, capsys):
    show(root)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(" baseline ")]
    assert [cell.strip() for cell in cells(line)] == [
        "baseline", "fresh weights of the shape of student", "1,234", "90.00% accuracy",
    ]  # fmt: skip


def test_a_student_that_was_taught_a_task_stands_with_its_teacher(root, capsys):
    recipe = {
        "teacher": "runs/task",
        "source": None,
        "distill": {"strategy": "task"},
        "task": {"name": "sst2"},
    }
    for name, source in (("alone", None), ("begun", "runs/student")):
        summary = {"score": 0.8, "score_name": "accuracy", "parameters": 12}
        write_run(root / name, "distill-task", recipe | {"source": source}, summary)
    show(root)
    shown = " ".join(capsys.readouterr().out.split())
    assert "alone fresh weights; taught by task 12" in shown
    assert "begun student (joint, from teacher); taught by task 12" in shown


def test_an_artifact_stands_with_its_ratios_to_the_reference(root, capsys):
    show(root)
    output = capsys.readouterr().out
    assert "Artifacts, ratios to bert_base in float32; a task, a set that was not recorded" in output
    (line,) = [line for line in output.splitlines() if line.startswith(" task float32 ")]
    assert [cell.strip() for cell in cells(line)] == [
        "task float32", "89.00%", "2.0", "2.00", "200.0", "15.0",
    ]  # fmt: skip


def test_the_newest_times_of_each_artifact_are_shown_whichever_report_has_them(root, capsys):
    export = root / "task" / "export" / "int8"
    export.mkdir()
    (export / "model.tflite").write_bytes(bytes(500_000))
    for moment, name, size, p50 in (
        ("2026-01-02", "int8", 500_000, 5.0),
        ("2026-01-03", "float32", 2_000_000, 3.0),
        ("2026-01-04", "float32", 1_999_999, 9.0),
    ):
        row = {"path": f"runs/task/export/{name}/model.tflite", "p50_ms": p50, "size_bytes": size}
        beside = {"path": "r.tflite", "p50_ms": 30.0, "size_bytes": 4_000_000, "is_reference": True}
        content = {"started": moment, "reference": "tinybert_4", "rows": [row, beside]}
        (root / "bench" / f"{moment}.json").write_text(json.dumps(content))
    (root / "bench" / "broken.json").write_text("{")
    (root / "bench" / "2026-01-04.json").rename(root / "bench" / "2026-01-05.json")
    show(root)
    output = capsys.readouterr().out
    assert "Artifacts, ratios to tinybert_4 in float32" in output
    shown = {line.split()[1]: line.split()[2:] for line in output.splitlines() if line.startswith(" task ")}
    assert shown["int8"] == ["0.5", "5.00", "8.0", "6.0"]
    assert shown["float32"] == ["89.00%", "2.0"]  # exported anew since it was timed


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_models_that_were_scored_on_different_sets_stand_in_different_tables(root, capsys):
    scored = {"set": "3f9a1c02aaaaaaaa", "examples": 872}
    for name in ("task", "baseline"):
        change(root / name / "final/summary.json", **scored)
        recipe = {"source": "runs/student", "pretrained": True, "task": {"source": "glue", "name": "sst2"}}
        (root / name / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    change(root / "task/export/float32/report.json", **scored)
    show(root)
    titles = [line for line in capsys.readouterr().out.splitlines() if ";" in line]
    assert titles == [
        "Models; sst2, 872 examples (set 3f9a1c02)",
        "Artifacts, ratios to bert_base in float32; sst2, 872 examples (set 3f9a1c02)",
    ]
    change(root / "baseline/final/summary.json", set="77777777bbbbbbbb", examples=436)
    change(root / "task/export/float32/report.json", set="55555555bbbbbbbb", examples=64)
    show(root)
    titles = [line for line in capsys.readouterr().out.splitlines() if ";" in line]
    assert titles == [
        "Models; sst2, 436 examples (set 77777777)",
        "Models; sst2, 872 examples (set 3f9a1c02)",
        "Artifacts, ratios to bert_base in float32; sst2, 64 examples (set 55555555)",
    ]


def test_models_that_learned_from_different_files_stand_together_if_their_scores_are_of_one_set(root, capsys):
    """A student that learned from augmented examples is scored on those that were held out of the original."""
    scored = {"set": "3f9a1c02aaaaaaaa", "examples": 30}
    for name, train in (("task", "runs/augment-file"), ("baseline", "mail.csv")):
        change(root / name / "final/summary.json", **scored)
        recipe = {"source": "runs/student", "pretrained": True, "task": {"source": "file", "train": train}}
        (root / name / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    show(root)
    titles = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Models")]
    assert titles == ["Models; mail.csv, augment-file, 30 examples (set 3f9a1c02)"]


def test_a_loss_of_a_source_that_predicts_no_words_is_no_share_of_them(root, capsys):
    change(root / "student/final/summary.json", score=0.5, score_name="transfer_loss")
    show(root)
    printed = capsys.readouterr().out
    assert "50.00%" not in printed and "20.00%" not in printed


def test_scores_of_pretraining_on_different_sets_stand_in_different_columns(root, capsys):
    scored = {
        "score": 0.4,
        "score_name": "masked_language_model_accuracy",
        "set": "99999999",
        "examples": 640,
    }
    write_run(root / "other", "train-teacher", {"seed": 0}, scored)
    (root / "baseline/recipe.yaml").write_text(yaml.safe_dump({"source": "runs/other", "pretrained": True}))
    show(root)
    printed = " ".join(capsys.readouterr().out.split())
    assert "masked-LM accuracy, 640 examples (set 99999999)" in printed
    assert "masked-LM accuracy, a set that was not recorded" in printed


def test_json_follows_each_model_and_artifact_with_all_digits(root):
    change(root / "task/final/summary.json", score=2 / 3, set="3f9a1c02aaaaaaaa", examples=872)
    document = json.loads(page_text(chain_page(root), Delivery("json")))
    models = {model["model"]: model for model in document["models"]}
    assert models["task"] == {
        "model": "task", "path": "runs/task", "task": "a task", "source": "runs/student",
        "comes_from": "student (joint, from teacher)", "pretrained": True, "parameters": 1234,
        "masked_language_model_accuracy": {
            "name": "masked_language_model_accuracy", "value": 0.2, "deviation": None, "examples": None, "set": None,
        },
        "score": {
            "name": "accuracy", "value": 2 / 3, "deviation": None, "examples": 872, "set": "3f9a1c02aaaaaaaa",
        },
    }  # fmt: skip
    assert models["baseline"]["masked_language_model_accuracy"] is None
    (artifact,) = document["artifacts"]
    assert artifact == {
        "artifact": "task float32", "path": "runs/task/export/float32/model.tflite", "task": "a task",
        "of_an_earlier_result": False, "score": {
            "name": None, "value": 0.89, "deviation": None, "examples": None, "set": None,
        },
        "size_bytes": 2_000_000, "p50_ms": 2.0, "reference": "bert_base", "times_smaller": 200.0, "times_faster": 15.0,
    }  # fmt: skip


def test_paths_of_artifacts_stand_below_as_lines_to_copy(root):
    text = page_text(chain_page(root), Delivery("markdown"))
    assert text.endswith("```\nruns/task/export/float32/model.tflite\n```\n")


def test_a_folder_without_task_models_is_told(tmp_path, capsys):
    show(tmp_path)
    assert capsys.readouterr().out == (
        f"There is no complete finetune run in {tmp_path}. `mbert finetune` makes one.\n"
    )
