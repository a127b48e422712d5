"""The report as JSON."""

import json

from mbert_cli.page import Delivery
from mbert_cli.report.choices import read_choices
from mbert_cli.report.comparison import comparison_page
from mbert_cli.report.confusion import read_confusions
from mbert_cli.report.terminal import page_text
from mbert_cli.report.training_table import read_trainings


def document(*runs) -> dict:
    choices = read_choices(runs, [])
    trainings = read_trainings([choice for choice in choices if not choice.is_artifact])
    return json.loads(
        page_text(comparison_page(choices, trainings, read_confusions(choices)), Delivery("json"))
    )


def test_a_model_and_an_artifact_have_all_their_figures(family):
    shown = document(family / "small-0", family / "small-1")
    assert list(shown) == ["models", "artifacts", "pareto", "training", "confusion", "notes"]
    (model,) = shown["models"]
    assert model == {
        "name": "small-{0,1}", "runs": ["runs/small-0", "runs/small-1"], "kind": "finetune", "task": "sst2",
        "parameters": 2463746, "word_table_parameters": 1953408, "tokens": 64, "flops": model["flops"],
        "size_bytes": 400000,
        "scores": [{"task": "sst2", "seeds": 2, "name": "accuracy", "value": 0.87, "deviation": model["scores"][0]["deviation"],
                    "settings": None, "examples": 872, "set": "3f9a1c02aaaaaaaa"}],
        "teacher": "runs/teacher", "comes_from": "student (joint, from teacher)",
    }  # fmt: skip
    artifact = shown["artifacts"][0]
    assert artifact | {"scores": []} == {
        "name": "small-1 dynamic_int8", "path": "runs/small-1/export/dynamic_int8/model.tflite", "model": "small-{0,1}",
        "mode": "dynamic_int8", "task": "sst2", "parameters": 2463746, "word_table_parameters": 1953408, "tokens": 64,
        "flops": model["flops"], "size_bytes": 260000, "scores": [], "of_an_earlier_result": False, "p50_ms": 0.4,
        "p90_ms": artifact["p90_ms"], "p50_is_mean": False, "threads": 1, "delegate": None, "affinity": None, "processor": "Some Processor", "cores": 2, "load": 0.25,
        "timed": "2026-05-04T03:02:01+00:00",
    }  # fmt: skip


def test_what_nothing_beats_is_named_for_each_set(family):
    assert document(family / "small-1")["pareto"] == [
        {"task": "sst2", "set": "3f9a1c02aaaaaaaa", "settings": None, "size": ["small-1 dynamic_int8", "small-1 float32"],
         "latency": ["small-1 dynamic_int8", "small-1 float32"]},
    ]  # fmt: skip


def test_what_is_not_known_is_null(family):
    for report in (family / "bench").iterdir():
        report.unlink()
    artifact = document(family / "big")["artifacts"][0]
    assert [
        artifact[key] for key in ("p50_ms", "p90_ms", "p50_is_mean", "threads", "processor", "timed")
    ] == [None] * 6
    model = document(family / "teacher")["models"][0]
    assert [model[key] for key in ("tokens", "flops", "teacher", "comes_from")] == [None] * 4
