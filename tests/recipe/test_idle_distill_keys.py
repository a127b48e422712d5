"""Keys of a distillation without effect beside its strategy, its factors, or a student that exists."""

import pytest

from mbert_cli.recipe.loading import load
from tests.recipe.idle_key import no_effect, refusal

CASES = [
    (
        "distill",
        ["distill.ground_truth_ratio=1", "distill.temperature=2"],
        "distill.temperature",
        "together with distill.ground_truth_ratio=1, where nothing is learned from the teacher's outputs. Received: 2.0",
    ),
    (
        "distill",
        ["distill.strategy=task", "distill.ground_truth_ratio=1", "distill.temperature=2"],
        "distill.temperature",
        "together with distill.ground_truth_ratio=1, where nothing is learned from the teacher's outputs. Received: 2.0",
    ),
    (
        "distill",
        ["distill.strategy=distilbert", "distill.factors.soft_targets=0", "distill.temperature=3"],
        "distill.temperature",
        (
            "together with distill.factors.soft_targets=0, where nothing is learned from the teacher's predictions. "
            "Received: 3.0"
        ),
    ),
    (
        "distill",
        ["distill.strategy=general", "distill.factors.hidden_states=0", "distill.projections=shared"],
        "distill.projections",
        "where no loss compares hidden states. Received: shared",
    ),
    (
        "distill",
        ["distill.strategy=general", "distill.factors.attention_scores=0", "distill.head_map=[0, 1]"],
        "distill.head_map",
        "where no attention is compared head by head; distill.factors.attention_scores=1 does so. Received: [0, 1]",
    ),
    (
        "distill",
        ["distill.relation_heads=4"],
        "distill.relation_heads",
        "without a loss that compares relations; distill.factors.attention_relations=1 gives one. Received: 4",
    ),
    *(
        (
            "distill",
            [
                "distill.strategy=task",
                "distill.intermediate_epochs=0",
                "distill.ground_truth_ratio=1",
                "task.source=file",
                "task.train=a.csv",
                f"{key}={value}",
            ],
            key,
            (
                "together with distill.intermediate_epochs=0 and distill.ground_truth_ratio=1, where nothing is "
                f"learned from the teacher. Received: {value}"
            ),
        )
        for key, value in (("task.unlabelled", "[mails.txt]"), ("cache.budget_gigabytes", "2.0"))
    ),
    *(
        (
            "distill",
            ["distill.strategy=task", "distill.intermediate_epochs=0", f"distill.{setting}"],
            f"distill.{setting.partition('=')[0]}",
            (
                "together with distill.intermediate_epochs=0, where no layers are compared. "
                f"Received: {setting.partition('=')[2]}"
            ),
        )
        for setting in ("intermediate_learning_rate=0.01", "layer_map=[0, 1]", "factors.hidden_states=2.0")
    ),
    (
        "distill",
        ["distill.strategy=general", "data.masking_rate=0.2"],
        "data.masking_rate",
        "on text that is not masked; distill.masks_text=true masks it. Received: 0.2",
    ),
    (
        "distill",
        ["distill.strategy=task", "source=runs/a", "model.changes.num_layers=3"],
        "model.changes.num_layers",
        "together with source, a run that has a model. Received: 3",
    ),
    (
        "distill",
        ["distill.strategy=task", "task.source=glue", "task.name=stsb", "distill.temperature=2"],
        "distill.temperature",
        "on a task of numbers, which are compared as they are. Received: 2.0",
    ),
    (
        "distill",
        ["distill.strategy=task", "source=runs/a", "distill.warm_start=[]"],
        "distill.warm_start",
        "together with source, whose weights the student starts with. Received: []",
    ),
    (
        "distill",
        ["distill.strategy=task", "loss.focal_gamma=2"],
        "loss.focal_gamma",
        "together with distill.ground_truth_ratio=0, where nothing is learned from the labels. Received: 2.0",
    ),
    (
        "distill",
        ["distill.strategy=task", "cache.budget_gigabytes=0", "cache.dtype=float32"],
        "cache.dtype",
        "together with cache.budget_gigabytes=0, where nothing is kept. Received: float32",
    ),
    (
        "distill",
        ["distill.strategy=task", "train.validate_every=10"],
        "train.validate_every",
        "with the strategy task, which is validated on all validation examples at the end of every epoch. Received: 10",
    ),
    (
        "distill",
        ["distill.strategy=auxiliary", "distill.transfer_learning_rate=0.1"],
        "distill.transfer_learning_rate",
        "with the strategy auxiliary, whose one stage has the rate of train.optimizer. Received: 0.1",
    ),
]


@pytest.mark.parametrize(("verb", "settings", "key", "why"), CASES)
def test_a_key_of_a_distillation_without_effect_is_refused_with_the_reason(verb, settings, key, why):
    assert refusal(verb, settings) == no_effect(key, why)


@pytest.mark.parametrize(
    ("verb", "settings"),
    [
        (
            "distill",
            ["distill.strategy=task", "task.source=glue", "task.name=sst2", "task.train=runs/augment-sst2"],
        ),
        ("distill", ["distill.strategy=general", "distill.masks_text=true", "data.masking_rate=0.2"]),
        ("distill", ["distill.factors.attention_relations=1", "distill.relation_heads=4"]),
        ("distill", ["distill.strategy=task", "source=runs/a", "seed=3"]),
        (
            "distill",
            ["distill.strategy=task", "task.source=file", "task.train=a.csv", "task.unlabelled=[mails.txt]"],
        ),
        ("distill", ["distill.strategy=task", "distill.ground_truth_ratio=0.5", "loss.focal_gamma=2"]),
        ("distill", ["distill.strategy=task", "distill.intermediate_epochs=0", "distill.temperature=2"]),
        ("distill", ["distill.strategy=general", "distill.head_map=[1, 0]", "distill.projections=per_place"]),
    ],
)
def test_a_key_of_a_distillation_with_an_effect_is_taken(verb, settings):
    load(verb, settings=settings)


@pytest.mark.parametrize("recipe", ["mobilebert", "mobilebert_tiny"])
def test_a_recipe_of_layer_transfer_serves_all_its_strategies(recipe):
    for strategy in ("progressive", "joint", "auxiliary"):
        load("distill", recipe, [f"distill.strategy={strategy}"])
