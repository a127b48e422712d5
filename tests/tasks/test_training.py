"""What a fine-tuning takes from its source, minimises, and how long it trains."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.losses.options import LossOptions
from mbert_cli.losses.tasks import TASK_LOSSES
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.task_set import TaskSet, encode_set
from mbert_cli.tasks.training import Material, kept_outputs, stage_of, task_loss
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.saved_model import SavedModel


def describe(labels: list[str] | None, kind: str = "classification") -> ModelDescription:
    vocabulary = VocabularyDescription(size=9, lowercase=True, digest="")
    return ModelDescription(
        verb="finetune", size=SIZES["bert_base"], vocabulary=vocabulary, output_names=labels, kind=kind
    )


@pytest.mark.parametrize(
    ("known", "kind", "columns", "said"),
    [
        (["a", "b", "c"], "classification", (0, 1, 2), "The head is kept: the labels are the same\n"),
        (
            ["C", "A", "B"], "classification", (1, 2, 0),
            "The head is kept: the labels are the same, where the source has them as C, A, B\n",
        ),
        (["a", "b"], "classification", None, "The head is a fresh one\n"),
        (["a", "b", "c"], "multi_label", None, "The head is a fresh one\n"),
        (None, "classification", None, ""),
    ],
)  # fmt: skip
def test_a_head_is_kept_where_the_labels_are_the_same(known, kind, columns, said, capsys):
    assert kept_outputs(describe(["a", "b", "c"]), describe(known, kind)) == columns
    assert capsys.readouterr().err == said


TASK = TaskData("mail.csv", ["no", "yes"], {})
TEXTS = Examples(["a"] * 8, None, np.array([0, 0, 0, 0, 0, 0, 1, 1], np.int32))


def encoded() -> TaskSet:
    recipe = load("finetune", settings=["task.source=file", "task.train=t.csv"]).recipe
    return encode_set(TASK, TEXTS, recipe.task, Tokenizer(Vocabulary((*RESERVED, "a"))))


def test_balanced_weights_of_labels_are_said(capsys):
    loss = task_loss(LossOptions(class_weights="balanced"), TASK, encoded().rows)
    assert capsys.readouterr().err == "class weights: no 0.667, yes 2\n"
    batch = {"labels": TEXTS.labels, "example_weights": np.ones(8, np.float32)}
    # six of no with 2 / 3 each and two of yes with 2 each weigh the same
    np.testing.assert_allclose(loss.constant_logits(batch)[0], np.log([0.5, 0.5]), rtol=1e-6)


def test_a_loss_without_settings_is_that_of_the_kind():
    assert task_loss(LossOptions(), TASK, encoded().rows) is TASK_LOSSES["cross_entropy"]


def test_weights_of_labels_are_refused_where_there_are_none():
    numbers = TaskData("stars.csv", ["stars"], {}, kind="regression")
    with pytest.raises(UserError) as caught:
        task_loss(LossOptions(focal_gamma=2.0), numbers, encoded().rows)
    assert caught.value.message == (
        "loss.class_weights and loss.focal_gamma are for tasks with labels. "
        "Received: stars.csv, a task of regression"
    )


@pytest.mark.parametrize(("max_steps", "steps"), [("null", 9), (7, 7), (100, 9)])
def test_a_training_is_as_long_as_its_epochs_or_its_steps(max_steps, steps):
    settings = ["task.source=file", "task.train=t.csv", "train.batch_size=3", "train.epochs=3",
                "train.optimizer.learning_rate=1e-3", f"train.max_steps={max_steps}"]  # fmt: skip
    recipe = load("finetune", settings=settings).recipe
    description = describe(["no", "yes"])
    source = SavedModel(Path("run"), Path("run/final"), description)
    material = Material(source, description, encoded(), encoded(), TASK_LOSSES["cross_entropy"])
    stage = stage_of(recipe, material)
    assert (stage.steps, stage.loss_weights) == (steps, {"cross_entropy": 1.0})
