"""Every kind of task is learned from a teacher: layers first, then answers, whatever the two are built like."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.examples.loading import load_task
from mbert_cli.losses.tasks import TASK_LOSSES
from mbert_cli.recipe.contents import input_contents
from mbert_cli.tasks.distilling import (
    answers_of,
    build_student,
    collect_for_student,
    load_task_teacher,
    plan_task,
    project_student,
    task_distillation,
    taught_chance,
)
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tasks.teacher_outputs import TaughtTask
from mbert_cli.tasks.training import batches_of
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.store import load_weights
from tests.tasks.toy_distillation import (
    MOBILEBERT,
    TASKS,
    TINYBERT,
    distil,
    journal,
    look,
    make_source,
    make_teacher,
    swap_labels,
)

pytestmark = pytest.mark.usefixtures("empty_folder")


QUICK = (("classification", TINYBERT),)
"""What is tried always; the others are like these, and take some seconds each."""


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        pytest.param(kind, size, id=f"{kind}-{name}", marks=() if (kind, size) in QUICK else pytest.mark.slow)
        for kind in TASKS
        for name, size in (("tinybert", TINYBERT), ("mobilebert", MOBILEBERT))
    ],
)
def test_every_kind_of_task_is_learned_from_a_teacher(kind, size):
    run = distil(teacher=make_teacher(kind), source=make_source(size))
    losses = [line for line in journal(run) if "loss/total" in line]
    by_stage = {line["stage"]: {key for key in line if key.startswith("loss/")} for line in losses}
    assert by_stage["transfer all layers"] == {"loss/total", "loss/hidden_states", "loss/attention_scores"}
    assert by_stage["the teacher's answers"] == {"loss/total", "loss/soft_targets"}
    validated = [line["stage"] for line in journal(run) if "validation/score" in line]
    assert validated == ["the teacher's answers"]
    description = ModelDescription.load(run / "final")
    assert (description.verb, description.kind, description.size) == ("distill-task", kind, size)
    assert {name.split("/")[0] for name in load_weights(run / "final/weights.safetensors")} <= {
        "encoder", "pooler", KINDS[kind].head.name,
    }  # fmt: skip
    assert np.isfinite(json.loads((run / "final/summary.json").read_text())["score"])


def losses_of(*settings: str, teacher: Path, source: Path | None = None) -> list[dict[str, float]]:
    """The losses of the first batch in each stage, before the first step, without dropout."""
    ready = look(*settings, teacher=teacher, source=source)
    recipe, task = ready.recipe, ready.task or load_task(ready.options)
    content = input_contents(recipe, opened=ready.inputs)["teacher"]
    taught = load_task_teacher(ready.teacher, task, recipe, content, ready.columns)
    material = collect_for_student(task, ready.options, recipe.loss, ready.teacher, ready.size)
    student = build_student(recipe, material.description, ready.source)
    plan = plan_task(recipe, material, ready.places)
    projections = project_student(recipe, plan, ready.size, ready.teacher.description.size)
    taught_task = TaughtTask(taught.network, material.train.rows, None)
    method = task_distillation(recipe, plan, taught_task, material.loss, student, projections, ready.heads)
    batch = batches_of(recipe.train, recipe.seed, material.train)(0)
    return [
        {name: float(value) for name, value in method.build(stage)(batch).items()} for stage in method.plan
    ]


@pytest.mark.parametrize("kind", TASKS)
def test_a_student_that_is_its_teacher_has_no_loss(kind):
    teacher = make_teacher(kind)
    layers, answers = losses_of(teacher=teacher, source=teacher)
    assert layers == {"hidden_states": 0.0, "attention_scores": 0.0}
    assert answers["soft_targets"] == 0.0


def test_a_teacher_with_its_labels_in_another_order_teaches_the_same(capsys):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    _, expected = losses_of(teacher=teacher, source=source)
    swap_labels(teacher, [2, 0, 1])
    capsys.readouterr()
    _, found = losses_of(teacher=teacher, source=source)
    assert found == pytest.approx(expected, rel=1e-6)
    assert (
        "Labels are matched by name: runs/teacher has them in the order so, ba, fi" in capsys.readouterr().err
    )


def test_labels_count_as_much_as_the_recipe_says():
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    settings = ["distill.ground_truth_ratio=0.25", "distill.temperature=2", "loss.class_weights=[1, 2, 3]"]
    ready = look(*settings, teacher=teacher, source=source)
    material = collect_for_student(ready.task, ready.options, ready.recipe.loss, ready.teacher, ready.size)
    layers, answers = plan_task(ready.recipe, material, ready.places)
    assert answers.loss_weights == {"soft_targets": 0.75, "cross_entropy": 0.25}
    assert layers.loss_weights == {"hidden_states": 1.0, "attention_scores": 1.0}
    assert (layers.steps, answers.steps) == (3, 3)


def test_relations_compare_any_numbers_of_heads():
    size = MOBILEBERT.model_copy(update={"num_heads": 1})
    settings = ["distill.factors.attention_scores=0", "distill.factors.attention_relations=1"]
    layers, _ = losses_of(
        *settings, "distill.relation_heads=2", teacher=make_teacher("regression"), source=make_source(size)
    )
    assert set(layers) == {"hidden_states", "attention_relations"}
    assert layers["attention_relations"] > 0


def test_a_student_may_begin_with_the_head_of_a_task_model(capsys):
    teacher = make_teacher("classification")
    look_for = look(teacher=teacher, source=teacher)
    material = collect_for_student(
        look_for.task, look_for.options, look_for.recipe.loss, look_for.teacher, look_for.size
    )
    student = build_student(look_for.recipe, material.description, look_for.source)
    np.testing.assert_array_equal(
        student.get_layer("classifier").weights[0], look_for.teacher.weights["classifier/kernel"]
    )
    assert "The head is kept: the labels are the same" in capsys.readouterr().err


def test_a_fresh_student_has_the_architecture_of_the_recipe_and_the_teacher_s_vocabulary():
    small = {f"model.changes.{key}={TINYBERT.model_dump()[key]}" for key in (
        "num_layers", "hidden_dim", "embedding_dim", "intermediate_dim", "num_heads", "max_length",
    )}  # fmt: skip
    ready = look("model.size=tinybert_4", *small, teacher=make_teacher("classification"))
    assert (ready.source, ready.size) == (None, TINYBERT)
    material = collect_for_student(ready.task, ready.options, ready.recipe.loss, ready.teacher, ready.size)
    assert material.description.vocabulary == ready.teacher.description.vocabulary
    assert build_student(ready.recipe, material.description, None).count_params() > 0


@pytest.mark.parametrize(("ratio", "temperature"), [(0.0, 1.0), (1.0, 1.0), (0.25, 2.0)])
def test_the_chance_of_a_student_is_that_of_frequencies_beside_labels_and_teacher(ratio, temperature):
    loss = TASK_LOSSES[KINDS["classification"].loss]
    batch = {"labels": np.array([0, 0, 0, 1], np.int32), "example_weights": np.ones(4, np.float32)}
    answers = np.log(np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]], np.float32))
    stage = Stage(
        "answers", 9, {"soft_targets": 1 - ratio, "cross_entropy": ratio}, Schedule(1e-3, 9, 0, 0.0)
    )
    tempered = np.exp(answers / temperature)
    taught = tempered / tempered.sum(1, keepdims=True)
    known = np.array([0.75, 0.25]) ** (1 / temperature)
    divergences = (taught * np.log(taught / (known / known.sum()))).sum(1)
    soft = divergences.mean() * temperature**2
    hard = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    found = taught_chance(loss, stage, batch, answers, temperature)
    assert found == pytest.approx(ratio * hard + (1 - ratio) * soft, rel=1e-4)


def test_a_teacher_answers_a_few_rows_at_a_time_what_it_answers_all(monkeypatch):
    vectors = keras.Input((3,), name="vectors")
    teacher = keras.Model({"vectors": vectors}, {"logits": keras.layers.Dense(2)(vectors), "trace": vectors})
    batch = {"vectors": np.arange(210, dtype=np.float32).reshape(70, 3), "labels": np.zeros(70)}
    asked = []

    def forward(network):
        assert set(network.output) == {"logits"}
        return lambda inputs: asked.append(len(inputs["vectors"])) or network(inputs)

    monkeypatch.setattr("mbert_cli.tasks.distilling.forward_of", forward)
    np.testing.assert_allclose(
        answers_of(teacher, batch), teacher({"vectors": batch["vectors"]})["logits"], rtol=1e-6
    )
    assert asked == [32, 32, 6]


def test_no_chance_is_known_where_a_label_is_missing():
    loss = TASK_LOSSES[KINDS["classification"].loss]
    batch = {"labels": np.zeros(4, np.int32), "example_weights": np.ones(4, np.float32)}
    stage = Stage("answers", 9, {"soft_targets": 1.0}, Schedule(1e-3, 9, 0, 0.0))
    assert taught_chance(loss, stage, batch, np.zeros((4, 2), np.float32), 1.0) == np.inf
