"""Scores that lie on the disk: which of them belongs to which set, and means over seeds."""

import json
import math
import os
import statistics

import pytest

from mbert_cli.report.choices import read_choices
from mbert_cli.report.confusion import confusion_table, read_confusions
from mbert_cli.report.exported_artifact import read_artifact
from mbert_cli.report.recorded_scores import SetScore, over_seeds, scores_of_artifact, scores_of_run
from mbert_cli.report.scored_sets import by_set
from mbert_cli.weights.description import SetDescription

ONE, OTHER = (SetDescription(digest=digest, examples=9) for digest in ("one", "other"))


def score(value: float, scored: SetDescription | None = ONE, **more: object) -> SetScore:
    return SetScore("sst2", scored, "accuracy", value, **more)


def test_the_score_of_a_run_is_that_of_its_training_and_eval_adds_other_sets(family):
    run = family / "small-1"
    other = {"metric": "accuracy", "score": 0.5, "set": "held-out", "examples": 9, "task": "sst2"}
    (run / "eval/validation-held-out.json").write_text(json.dumps(other))
    (run / "eval/validation-predictions.json").write_text(json.dumps({"q1": "answer"}))
    found = scores_of_run(run, "sst2")
    assert [(one.scored.digest, one.value) for one in found] == [
        ("3f9a1c02aaaaaaaa", 0.88),
        ("held-out", 0.5),
    ]


def test_a_score_of_other_settings_takes_nobodys_place(family):
    run = family / "small-1"
    other = json.loads((run / "eval/validation.json").read_text()) | {
        "score": 0.5,
        "settings": {"length": 32},
    }
    for path in (run / "eval/a.json", run / "export/dynamic_int8/model-eval-a.json"):
        path.write_text(json.dumps(other))
    found = scores_of_run(run, "sst2")
    assert [(one.value, one.settings) for one in found] == [(0.88, ""), (0.5, "length 32")]
    assert len({one.place for one in found}) == 2
    assert found[1].on == "872 examples (set 3f9a1c02), length 32"
    compared = by_set(read_choices([run, family / "big"], []))
    assert [(one.title, [choice.name for choice in one.choices]) for one in compared][1:] == [
        ("sst2, 872 examples (set 3f9a1c02), length 32", ["small-1", "small-1 dynamic_int8"])
    ]
    titles = [confusion_table(one).notes[0] for one in read_confusions(read_choices([run], []))]
    assert sum("length 32" in title for title in titles) == 2


def test_what_eval_wrote_of_an_earlier_result_is_passed_over(family):
    run = family / "small-1"
    report = run / "eval/validation.json"
    report.write_text(json.dumps({"metric": "accuracy", "score": 0.5, "set": "held-out", "examples": 9}))
    os.utime(report, (0, 0))
    assert [one.value for one in scores_of_run(run, "sst2")] == [0.88]


def test_the_mean_of_a_search_keeps_its_deviation_and_seeds(family):
    file = family / "big/final/summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"deviation": 0.01, "seeds": 3}))
    (found,) = scores_of_run(family / "big", "sst2")
    assert (found.value, found.deviation, found.seeds) == (0.9, 0.01, 3)
    assert over_seeds([[found]]) == [found]


def test_an_artifact_has_the_score_of_eval_and_the_one_it_was_verified_with(family):
    run = family / "small-1"
    artifact = read_artifact(run, run / "export/dynamic_int8/model.tflite", None)
    found = scores_of_artifact(artifact, run, "sst2")
    assert [(one.scored.examples, one.value) for one in found] == [(872, 0.875), (64, 0.85)]


def test_an_artifact_was_verified_on_the_task_that_its_report_names(family):
    run = family / "small-1"
    path = run / "export/dynamic_int8/model.tflite"
    report = path.with_name("report.json")
    report.write_text(json.dumps(json.loads(report.read_text()) | {"task": "stsb"}))
    found = scores_of_artifact(read_artifact(run, path, None), run, "imported")
    assert found[-1].task == "stsb"


def test_a_score_that_is_no_number_is_none(family):
    file = family / "big/final/summary.json"
    for value in (math.nan, "nan", None):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"score": value}))
        assert scores_of_run(family / "big", "sst2") == []


def test_a_loss_is_no_score_to_choose_by(family):
    file = family / "big/final/summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"score": 3.5, "score_name": "transfer_loss"}))
    assert scores_of_run(family / "big", "pre-training") == []


def test_agreement_with_keras_is_no_score(family):
    run = family / "small-1"
    path = run / "export/float32/model.tflite"
    report = path.with_name("report.json")
    report.write_text(json.dumps(json.loads(report.read_text()) | {"metric": "agreement"}))
    found = scores_of_artifact(read_artifact(run, path, None), run, "sst2")
    assert [one.value for one in found] == [0.88]


def test_the_mean_over_seeds_has_the_deviation_of_a_sample():
    values = [0.8, 0.9, 0.85]
    (mean,) = over_seeds([[score(value)] for value in values])
    assert mean == score(statistics.mean(values), deviation=statistics.stdev(values), seeds=3)


def test_means_are_taken_for_each_set_from_the_runs_that_have_it():
    found = over_seeds([[score(0.8), score(0.5, OTHER)], [score(0.9)]])
    assert [(one.scored, one.value, one.seeds) for one in found] == [
        (ONE, pytest.approx(0.85), 2), (OTHER, 0.5, 1),
    ]  # fmt: skip


def test_sets_that_were_not_recorded_are_told_apart_by_the_task():
    assert score(0.5, None).place != SetScore("rte", None, "accuracy", 0.5).place
    assert score(0.5).place == SetScore("mail", ONE, "accuracy", 0.5).place
