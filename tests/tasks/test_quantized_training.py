"""A run that is fine-tuned with fake quantization: what it learns from, what it leaves, and how it goes on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.commands import finetune
from mbert_cli.examples.loading import load_task
from mbert_cli.losses.options import LossOptions
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.complete import Run
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tasks.model import open_task_model
from mbert_cli.tasks.quantized_training import float_teacher
from mbert_cli.tasks.training import collect
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.saved_network import load_task_network
from mbert_cli.weights.store import load_weights
from tests.tasks.toy_distillation import (
    MOBILEBERT,
    TASKS,
    TEACHER,
    journal,
    make_source,
    make_teacher,
    swap_labels,
    task_of,
    task_settings,
)

pytestmark = pytest.mark.usefixtures("empty_folder")

KINDS_AND_SIZES = [
    pytest.param(kind, size, id=f"{kind}-{name}")
    for name, size in (("bert", TEACHER), ("mobilebert", MOBILEBERT))
    for kind in TASKS
]


def tune(*settings: str, kind: str = "classification", run: str = "runs/rounded") -> Path:
    """Runs the command in this process: four steps of four examples, of which two move the ranges."""
    usual = [
        "train.batch_size=4", "train.max_steps=4", "train.epochs=9", "train.log_every=1", "train.checkpoint_every=2",
        "train.optimizer.learning_rate=1e-2", "quantize.mode=int8_full",
    ]  # fmt: skip
    words = [*task_settings(kind), *usual, *settings]
    finetune.run(resolve(invoke("finetune", "quickstart", words, {}, run=Path(run))))
    return Path(run)


def ranges_of(run: Path) -> TrainedRanges:
    found = TrainedRanges.load(run / "final")
    assert found is not None
    return found


def losses_of(run: Path) -> set[str]:
    return {key for line in journal(run) for key in line if key.startswith("loss/")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The folder of a run that was never stopped, with its teacher."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tune(f"initialize_from={make_teacher('classification', size=MOBILEBERT)}")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "size"), KINDS_AND_SIZES)
def test_a_run_of_every_kind_holds_a_folded_model_and_its_ranges(kind, size):
    source = make_teacher(kind, size=size)
    run = tune(f"initialize_from={source}", kind=kind)
    saved = RunModel.open(run, ("finetune",))
    assert saved.description.size.is_folded
    again, architecture = fold(saved.weights, saved.description.size)
    assert architecture == saved.description.size
    assert all(np.array_equal(again[name], array) for name, array in saved.weights.items())
    found = ranges_of(run)
    assert found.mode == "int8_full"
    assert all(low < high for low, high in found.ranges.values())
    assert losses_of(run) >= {"loss/total", "loss/soft_targets"}


def test_what_is_opened_answers_as_it_was_validated_and_not_as_its_weights_in_float(whole, monkeypatch):
    monkeypatch.chdir(whole)
    run = Path("runs/rounded")
    model = open_task_model(run)
    options = model.own_task
    sampled, encoded = model.sample(options, 9)
    outputs = sampled.answer(encoded, 4)
    score = encoded.judge.score(encoded.judge.decide(outputs)).value
    assert json.loads((run / "final/summary.json").read_text())["score"] == pytest.approx(score)
    network = load_task_network(RunModel.open(run, ("finetune",)), KINDS["classification"].head)
    batch = next(iter(sampled.batches(encoded, 9).in_order()))
    logits = np.asarray(network({name: batch[name] for name in network.input})["logits"])
    in_float = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert 0 < np.abs(in_float - outputs).max() < 0.3


def test_a_killed_run_goes_on_bit_for_bit_with_its_ranges(whole, empty_folder):
    shutil.copytree(whole, empty_folder, dirs_exist_ok=True)
    run = Path("runs/rounded")
    shutil.rmtree(run / "final")
    shutil.rmtree(run / "checkpoints/step-000004")
    tune("initialize_from=runs/teacher")
    for part in ("final", "checkpoints/step-000004"):
        for file in (run / part).glob("*.safetensors"):
            expected = load_weights(whole / file)
            found = load_weights(file)
            assert found.keys() == expected.keys()
            assert all(np.array_equal(found[name], array) for name, array in expected.items()), file
    assert ranges_of(run) == ranges_of(whole / run)


def test_a_run_holds_a_folded_model_its_ranges_and_what_it_learned_from(whole):
    saved = RunModel.open(whole / "runs/rounded", ("finetune",))
    assert saved.description.size.is_folded
    assert ranges_of(saved.path).mode == "int8_full"
    assert losses_of(saved.path) >= {"loss/total", "loss/soft_targets"}


def test_ranges_stay_in_the_later_part_of_a_run(whole):
    states = [
        load_weights(whole / f"runs/rounded/checkpoints/step-00000{step}/companions.safetensors")
        for step in (2, 4)
    ]
    assert states[0].keys() == states[1].keys()
    for name, state in states[0].items():
        np.testing.assert_array_equal(states[1][name][:2], state[:2])  # the third is the number of updates


@pytest.mark.slow
def test_a_model_without_the_tasks_head_learns_from_the_labels_alone(capsys):
    run = tune(f"source={make_source(MOBILEBERT)}")
    assert (
        "runs/source has no answers to this task: it learns from the labels alone\n"
        in capsys.readouterr().err
    )
    assert "loss/soft_targets" not in losses_of(run)


@pytest.mark.slow
def test_a_teacher_is_left_out_where_a_recipe_wants_none():
    run = tune(f"initialize_from={make_teacher('classification', size=MOBILEBERT)}", "quantize.teacher=false")
    assert "loss/soft_targets" not in losses_of(run)


def test_labels_of_the_float_model_are_matched_by_name():
    source, task = make_teacher("classification", size=MOBILEBERT), task_of("classification")
    ids = np.arange(8, dtype="int32").reshape(2, 4)
    batch = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}
    answers = []
    for order in ([0, 1, 2], [2, 0, 1]):
        swap_labels(source, order)
        opened = RunModel.open(source, ("finetune",))
        teacher = float_teacher(collect(load_task(task), task, LossOptions(), opened))
        assert not teacher.trainable_variables
        answers.append(np.asarray(teacher(batch)["logits"]))
    np.testing.assert_array_equal(answers[1], answers[0])
    assert len(np.unique(answers[0])) == answers[0].size


@pytest.mark.slow
def test_a_mode_without_ranges_leaves_its_name_alone():
    source = make_teacher("classification", size=MOBILEBERT)
    run = tune(f"initialize_from={source}", "quantize.mode=int4", "quantize.block_size=null")
    assert ranges_of(run) == TrainedRanges(mode="int4", ranges={})


@pytest.mark.slow
def test_the_run_is_complete_and_its_next_fine_tuning_is_a_float_one_of_the_folded_model():
    run = tune(f"initialize_from={make_teacher('classification', size=MOBILEBERT)}")
    Run.open(run, ("finetune",))
    later = tune(f"initialize_from={run}", "quantize=null", run="runs/later")
    assert TrainedRanges.load(later / "final") is None
    assert RunModel.open(later, ("finetune",)).description.size.is_folded
