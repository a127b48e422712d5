"""What the training of a task model costs, by the lengths of its batches."""

import numpy as np
import pytest

from mbert_cli.distill.strategies.task import SOFT_TARGETS
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.losses.tasks import TASK_LOSSES
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.invocation import invoke
from mbert_cli.search.grid import plan_search
from mbert_cli.tasks.planning import plan_task_training, price_search
from mbert_cli.tasks.task_set import encode_set
from mbert_cli.tasks.training import Material, stage_of
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import ModelDescription, VocabularyDescription

SIZE = SIZES["mobilebert_laptop"]
TASK = TaskData("mail.csv", ["no", "yes"], {})
TEXTS = Examples(["a"] * 8 + ["a " * 30] * 4, None, np.zeros(12, np.int32))


def given(*settings: str):
    """The command and what is learned from."""
    words = ["task.source=file", "task.train=t.csv", "train.batch_size=4", "train.epochs=2",
             "task.sequence_length=64", *settings]  # fmt: skip
    invocation = invoke("finetune", "quickstart", words, {})
    recipe = invocation.recipe
    encoded = encode_set(TASK, TEXTS, recipe.task, Tokenizer(Vocabulary((*RESERVED, "a"))))
    vocabulary = VocabularyDescription(size=6, lowercase=True, digest="")
    description = ModelDescription(
        verb="finetune", size=SIZE, vocabulary=vocabulary, output_names=TASK.output_names, kind=TASK.kind
    )
    return invocation, Material(None, description, encoded, encoded, TASK_LOSSES["cross_entropy"])


def planned(*settings: str, weights: dict[str, float] | None = None, recorded: frozenset[str] = frozenset()):
    invocation, material = given("train.optimizer.learning_rate=1", *settings)
    recipe = invocation.recipe
    stage = stage_of(recipe, material)
    plan = [stage] if weights is None else [type(stage)(stage.name, stage.steps, weights, stage.schedule)]
    return plan_task_training(invocation, recipe, material, plan, "task_model", SIZE, recorded=recorded)


def test_batches_count_by_their_own_lengths():
    training = planned().training
    assert training.lengths == {16: pytest.approx(2 / 3), 48: pytest.approx(1 / 3)}
    assert planned("train.dynamic_length=false").training.lengths == {64: 1.0}


def test_every_epoch_ends_with_a_validation_of_all_rows():
    assert planned().training.validation_batches == {"fine-tuning": 2 * 3}


def test_a_teacher_counts_where_its_answers_are_learned():
    assert planned().training.teacher is None
    taught = planned(weights={SOFT_TARGETS: 0.5, "cross_entropy": 0.5})
    (cost,) = taught.stages
    assert cost.step.teacher == cost.step.forward


def test_a_teacher_that_is_recorded_runs_once_over_the_rows_and_in_no_step():
    weights = {SOFT_TARGETS: 0.5, "cross_entropy": 0.5}
    live = planned(weights=weights).estimate().operations
    machines = ("plan.teraflops=1", "plan.utilisation=1")
    estimate = planned(*machines, weights=weights, recorded=frozenset({"fine-tuning"})).estimate()
    assert estimate.stages[0].step.teacher == 0
    # Twice over 12 rows become once.
    assert estimate.recording == estimate.operations.teacher == pytest.approx(live.teacher / 2)
    assert estimate.operations.forward == live.forward
    assert estimate.recording_seconds == pytest.approx(estimate.recording / 1e12)
    assert estimate.seconds == pytest.approx(estimate.operations.total / 1e12 + estimate.validation_seconds)


def test_a_search_costs_what_its_trials_cost_together():
    machines = ["plan.teraflops=1", "plan.utilisation=1"]
    search = ["search.learning_rate=[1, 2]", "search.seed=[0, 1, 2]"]
    invocation, material = given(*machines, *search)
    plan = plan_search(invocation.recipe.search, invocation.recipe.train, 0)
    together, one = price_search(invocation, invocation.recipe, material, plan), planned(*machines).estimate()
    assert (together.steps, together.operations.total) == (
        6 * one.steps,
        pytest.approx(6 * one.operations.total),
    )
    assert together.seconds == pytest.approx(6 * one.seconds)
    assert together.memory == one.memory
    assert together.disk_bytes == one.disk_bytes + 6 * 4 * planned().parameters["task_model"]
