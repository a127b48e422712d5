"""What is known of models and artifacts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.cost import count_flops, count_parameters
from mbert_cli.model.options import SIZES
from mbert_cli.report.choices import PRETRAINING, Choice, read_choices
from mbert_cli.tasks import packed_model
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.store import save_weights
from tests.report.family import taught


def found(*runs: Path, artifacts: tuple[Path, ...] = ()) -> dict[str, Choice]:
    return {choice.name: choice for choice in read_choices(runs, artifacts)}


def test_runs_that_differ_in_their_seed_are_one_model_with_its_artifacts_behind_it(family):
    names = [choice.name for choice in read_choices([family / f"small-{seed}" for seed in range(3)], [])]
    assert names == ["small-{0,1,2}", "small-1 dynamic_int8", "small-1 float32"]
    choices = found(*(family / f"small-{seed}" for seed in range(3)))
    (score,) = choices["small-{0,1,2}"].scores
    assert (score.value, score.deviation, score.seeds) == (pytest.approx(0.87), pytest.approx(0.01), 3)
    assert {choice.model for choice in choices.values()} == {"small-{0,1,2}"}


def test_parameters_and_operations_follow_from_the_architecture(family):
    size = SIZES["ib_bert_laptop"]
    big = found(family / "big")["big"]
    head = 2 * (size.hidden_dim + 1) + (size.hidden_dim * (size.hidden_dim + 1) if size.use_pooler else 0)
    assert big.parameters == count_parameters(size, 30522) + head
    assert (big.word_table, big.tokens, big.flops) == (30522 * size.embedding_dim, 64, count_flops(size, 64))


def test_parameters_that_the_run_recorded_are_taken(family):
    file = family / "big/final/summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"parameters": 7}))
    assert found(family / "big")["big"].parameters == 7


def test_parameters_of_an_import_without_a_task_are_all_numbers_that_it_saved(family):
    run = family / "student"
    (run / "final/summary.json").unlink()
    arrays = {"encoder/a": np.zeros((3, 4), np.float32), "pooler/bias": np.zeros(5, np.float32)}
    save_weights(run / "final/weights.safetensors", arrays, {})
    assert found(run)["student"].parameters == 17


def test_a_pretrained_run_has_its_own_score_and_no_task(family):
    student = found(family / "student")["student"]
    assert (student.task, student.kind, student.parameters) == (PRETRAINING, "distill", 5_000_000)
    assert [score.metric for score in student.scores] == ["masked_language_model_accuracy"]


def test_students_that_were_taught_a_task_are_models_like_others(family):
    runs = [
        taught(family / f"taught-{seed}", "runs/big", None, "tinybert_4", 0.8 + seed / 10, seed)
        for seed in (0, 1)
    ]
    model = found(*runs)["taught-{0,1}"]
    assert (model.kind, model.task, model.tokens) == ("distill-task", "sst2", 64)
    assert [(score.value, score.seeds) for score in model.scores] == [(pytest.approx(0.85), 2)]


def test_an_artifact_has_size_length_times_and_the_score_on_the_set_of_its_run(family):
    int8 = found(family / "small-1")["small-1 dynamic_int8"]
    assert (int8.mode, int8.size_bytes, int8.tokens, int8.is_artifact) == ("dynamic_int8", 260_000, 64, True)
    assert int8.latency is not None
    assert (int8.latency.p50_ms, int8.latency.p90_ms) == (0.4, pytest.approx(0.44))
    assert [(score.scored.examples, score.value) for score in int8.scores] == [(872, 0.875)]


def test_without_the_score_on_the_set_of_its_run_an_artifact_has_the_one_it_was_verified_with(family):
    (family / "small-1/export/float32/model-eval-validation.json").unlink()
    assert [score.scored.examples for score in found(family / "small-1")["small-1 float32"].scores] == [64]


def test_an_artifact_that_is_named_alone_belongs_to_its_run_and_is_shown_once(family):
    path = family / "small-1/export/float32/model.tflite"
    assert list(found(artifacts=(path,))) == ["small-1 float32"]
    assert found(artifacts=(path,))["small-1 float32"].runs == (family / "small-1",)
    assert list(found(family / "small-1", artifacts=(path,))) == [
        "small-1",
        "small-1 dynamic_int8",
        "small-1 float32",
    ]


def test_a_copied_artifact_has_what_lies_beside_it(family):
    shutil.copytree(family / "small-1/export/float32", "copied")
    copied = found(artifacts=(Path("copied/model.tflite"),))["copied/model.tflite"]
    assert (copied.runs, copied.mode, copied.task, copied.latency) == ((), "float32", "sst2", None)
    assert {score.value for score in copied.scores} == {0.88, 0.86}


def test_a_file_alone_says_itself_what_it_is(family, monkeypatch):
    folder = family / "small-1/export/float32"
    shutil.copy(folder / "model.tflite", "a.tflite")
    inside = ModelDescription.load(folder)
    monkeypatch.setattr(packed_model, "read_artifact_files", lambda path: (inside, None))
    shutil.copy(family / "big/final/model.json", "model.json")  # of another file there
    alone = found(artifacts=(Path("a.tflite"),))["a"]
    assert (alone.task, alone.kind) == ("sst2", "finetune")
    assert alone.parameters == found(family / "small-1")["small-1 float32"].parameters


def test_of_a_file_alone_without_metadata_only_the_size_is_known(family):
    shutil.copy(family / "small-1/export/float32/model.tflite", "a.tflite")
    alone = found(artifacts=(Path("a.tflite"),))["a"]
    assert (alone.size_bytes, alone.parameters, alone.tokens, alone.flops) == (990_000, None, None, None)
    assert (alone.scores, alone.latency, alone.mode) == ([], None, "")


def test_runs_of_one_name_are_told_apart_by_their_folders(family):
    shutil.copytree(family / "big", "elsewhere/big")
    names = list(found(family / "big", Path("elsewhere/big")))
    assert names == ["runs/big", "runs/big float32", "elsewhere/big", "elsewhere/big float32"]


def test_a_run_whose_description_is_damaged_is_named(family):
    (family / "big/final/model.json").write_text("{")
    with pytest.raises(UserError) as caught:
        read_choices([family / "big"], [])
    assert "runs/big/final/model.json" in caught.value.message
