"""The pre-flight of each verb."""

from pathlib import Path

import pytest

from mbert_cli.commands import checking
from mbert_cli.commands.checking import run_checks
from mbert_cli.commands.invocation import invoke
from mbert_cli.commands.preflight import estimate_parameters
from mbert_cli.data.options import InstalledDocsTask
from mbert_cli.model.options import SIZES
from mbert_cli.train.run_dir import RunDir
from mbert_cli.weights.description import ModelDescription, VocabularyDescription


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make_run(verb, size="ib_bert_laptop", task=None):
    """A complete run with everything in final/ but the weights, which no check reads."""
    vocabulary = VocabularyDescription(size=8000, lowercase=True, digest="0" * 64)
    labels = ["keras", "numpy"] if task else None
    description = ModelDescription(
        verb=verb, size=SIZES[size], vocabulary=vocabulary, labels=labels, task=task
    )
    with RunDir.open(Path("runs", verb), verb, {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(description.save)


def checks(verb, recipe="quickstart", *settings):
    found = run_checks(invoke(verb, recipe, settings, {}))
    return {check.name: (check.passed, check.finding) for check in found}


def test_a_teacher_needs_a_token_store_or_the_recipe_of_one():
    assert checks("train-teacher")["token store"] == (True, "none yet; `mbert prepare quickstart` runs first")
    assert checks("train-teacher", "quickstart", "data.prepare=null")["token store"] == (
        False, "`mbert train-teacher` needs a complete prepare run. Received: none in runs.",
    )  # fmt: skip


def test_all_that_a_teacher_lacks_is_told():
    found = checks("train-teacher", "quickstart", "data.sequence_length=300", "model.changes.max_length=256")
    assert found["sequence length"] == (
        False,
        (
            "A sequence can have at most 256 tokens, the rows of the model's position table. "
            "Received: sequence_length 300"
        ),
    )
    assert found["disk"][0]


def test_a_student_of_a_fitting_teacher_can_run():
    make_run("train-teacher")
    found = checks("distill", "quickstart", "distill.transfer_steps=40", "distill.pretraining_steps=60")
    assert all(passed for passed, _ in found.values())
    assert found["teacher"] == (True, "runs/train-teacher: 4 layers")
    assert found["layers"] == (True, "the student's 4 learn from 0, 1, 2, 3 of the teacher")
    assert found["stages"] == (True, "progressive: 5 of 100 steps")


def test_a_teacher_whose_layers_cannot_be_mapped_is_told():
    make_run("train-teacher")
    found = checks("distill", "quickstart", "model.changes.num_layers=3")
    assert found["layers"] == (
        False,
        (
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            "Received: 4 teacher layers and 3 student layers."
        ),
    )


def test_a_run_of_the_wrong_kind_is_told():
    make_run("distill", "mobilebert_laptop")
    passed, finding = checks("distill", "quickstart", "teacher=runs/distill")["teacher"]
    assert not passed
    assert (
        finding
        == "The run must be of the kind train-teacher or import. Received: runs/distill of the kind distill"
    )


def test_fine_tuning_looks_at_source_task_and_length():
    make_run("distill", "mobilebert_laptop")
    found = checks("finetune", "quickstart", "task.sequence_length=300")
    assert found["source"] == (True, "runs/distill: 4 layers")
    assert not found["sequence length"][0]


def test_a_search_needs_room_for_the_models_of_all_its_trials(monkeypatch):
    make_run("distill", "mobilebert_laptop")
    needed = []
    monkeypatch.setattr(checking, "require_disk", lambda path, size_bytes: needed.append(size_bytes))
    checks("finetune")
    checks("finetune", "quickstart", "search.learning_rate=[1e-3,1e-4]", "search.seed=[0,1,2]")
    parameters = estimate_parameters(SIZES["mobilebert_laptop"], 8000)
    # six trials and the chosen one again, where a fine-tuning has one
    assert needed[1] - needed[0] == 4 * parameters * 6


@pytest.mark.parametrize("verb", ["eval", "predict", "export-tflite", "bench"])
def test_what_follows_needs_a_task_model(verb):
    assert checks(verb)["task model"] == (
        False, f"`mbert {verb}` needs a complete finetune run. Received: none in runs",
    )  # fmt: skip
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    found = checks(verb)
    assert found["task model"] == (True, "runs/finetune: labels keras, numpy")
    assert all(passed for passed, _ in found.values())


def test_a_vocabulary_file_that_cannot_serve_is_told():
    Path("vocab.txt").write_text("[PAD]\na\n")
    assert checks("prepare", "quickstart", "vocabulary.file=vocab.txt")["vocabulary"] == (
        False,
        (
            "A vocabulary must have the tokens [PAD], [UNK], [CLS], [SEP], [MASK]. "
            "Received: vocab.txt without [UNK], [CLS], [SEP], [MASK]"
        ),
    )
