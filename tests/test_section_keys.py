"""Every key of a section that is read as one changes what is made of it.

These are the changes of a size, the factors of a distillation's losses, the loss of a task, and a search.
"""

import json
from pathlib import Path

import pytest

from mbert_cli.distill.options import DistilBertFactors, DistillOptions, TaskOptions, TransferFactors
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.distill.strategies.task import TaskStudent, task_stages
from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.texts import TaskData
from mbert_cli.losses.options import LossOptions
from mbert_cli.model.options import SIZES, SizeChanges
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import FORMS
from mbert_cli.search.grid import SearchPlan, plan_search
from mbert_cli.search.options import SearchOptions
from mbert_cli.tasks.task_set import encode_set
from mbert_cli.tasks.training import task_loss
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage

SIZE_CHANGES = {
    "num_layers": 3, "hidden_dim": 64, "num_heads": 2, "intermediate_dim": 64, "embedding_dim": 32, "intra_dim": 32,
    "num_feedforward_networks": 1, "normalization": "layer_norm", "activation": "gelu_exact", "hidden_dropout_rate": 0.25,
    "attention_dropout_rate": 0.25, "max_length": 64, "initializer_range": 0.5, "pooler_activation": "relu",
}  # fmt: skip


@pytest.mark.parametrize("name", SizeChanges.model_fields)
def test_a_change_of_a_size_changes_the_size(name):
    size = "mobilebert_laptop"
    changed = load(
        "train-teacher", settings=[f"model.size={size}", f"model.changes.{name}={SIZE_CHANGES[name]}"]
    )
    assert getattr(changed.recipe.model.resolve(), name) == SIZE_CHANGES[name]
    assert changed.recipe.model.resolve() != SIZES[size]


FACTORS = [
    (strategy, name)
    for strategy in FORMS["distill"]
    for name in (DistilBertFactors if strategy == "distilbert" else TransferFactors).model_fields
]


def stages_of(options: DistillOptions) -> list[Stage]:
    places, optimizer = range(3), OptimizerOptions(learning_rate=1e-3)
    if isinstance(options, TaskOptions):
        student = TaskStudent(places, "cross_entropy", ("classifier",))
        return task_stages(options, student, optimizer, intermediate_steps=5, prediction_steps=5)
    return STRATEGIES[options.strategy].stages(options, places, optimizer)


@pytest.mark.parametrize(("strategy", "name"), FACTORS)
def test_a_factor_is_the_weight_of_a_loss(strategy, name):
    recipe = load("distill", settings=[f"distill.strategy={strategy}", f"distill.factors.{name}=7.5"]).recipe
    assert stages_of(recipe.distill)[0].loss_weights[name] == 7.5


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("setting", ["loss.class_weights=[1.0, 3.0]", "loss.focal_gamma=2.0"])
def test_a_setting_of_the_loss_changes_it_or_is_refused(setting):
    Path("t.csv").write_text("text,label\n" + "a,no\nb,yes\n" * 6)
    recipe = load("finetune", settings=["task.source=file", "task.train=t.csv", setting]).recipe
    data = load_task(recipe.task)
    tokenizer = Tokenizer(Vocabulary((*RESERVED, "a", "b")))
    rows = encode_set(data, data.train, recipe.task, tokenizer).rows
    assert task_loss(recipe.loss, data, rows) != task_loss(LossOptions(), data, rows)
    with pytest.raises(UserError, match="are for tasks with labels"):
        task_loss(recipe.loss, TaskData("numbers", ["value"], {}, kind="regression"), rows)


SEARCH = {"learning_rate": [0.1, 0.2], "batch_size": [1, 2], "epochs": [1, 2], "seed": [1, 2], "max_trials": 1,
          "prune_margin": 0.5}  # fmt: skip


@pytest.mark.parametrize("name", SearchOptions.model_fields)
def test_a_key_of_a_search_changes_its_trials(name):
    def trials(*settings: str) -> SearchPlan:
        recipe = load("finetune", settings=["search.epochs=[3, 4]", *settings]).recipe
        return plan_search(recipe.search, recipe.train, recipe.seed)

    assert trials(f"search.{name}={json.dumps(SEARCH[name])}") != trials()
