"""A key that would change nothing is refused where somebody sets it, and nowhere else."""

import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.idle_keys import IDLE
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load

SQUAD = ["task.source=squad", "task.train=a.json"]
FILE = ["task.source=file", "task.train=a.csv"]
CASES = [
    (
        "finetune",
        ["train.validate_every=5"],
        "train.validate_every",
        "on a fine-tuning, which is validated on all validation examples at the end of every epoch. Received: 5",
    ),
    (
        "finetune",
        ["train.validation_steps=20"],
        "train.validation_steps",
        "on a fine-tuning, which is validated on all validation examples at the end of every epoch. Received: 20",
    ),
    (
        "predict",
        ["task.source=file", "task.train=a.csv", "task.labels=[a, b]"],
        "task.labels",
        "on predict, whose texts have no labels: the model knows its own. Received: [a, b]",
    ),
    (
        "predict",
        ["task.source=file", "task.train=a.csv", "task.validation=b.csv"],
        "task.validation",
        "on predict, which reads the texts that it is given and no set of the task. Received: b.csv",
    ),
    (
        "bench",
        ["task.source=squad", "task.train=a.json", "task.num_best=3"],
        "task.num_best",
        "on bench, which times a model and takes no answers. Received: 3",
    ),
    (
        "eval",
        ["task.source=squad", "task.train=a.json", "task.null_threshold=1.5"],
        "task.null_threshold",
        "by the rules of v1.1, where every question has an answer; set task.version=v2.0. Received: 1.5",
    ),
    (
        "finetune",
        ["task.source=file", "task.train=a.csv", "task.validation=b.csv", "task.validation_share=0.2"],
        "task.validation_share",
        "beside task.validation, a file that is held out whole. Received: 0.2",
    ),
    (
        "finetune",
        ["task.source=file", "task.train=a.csv", "task.label_separator=;"],
        "task.label_separator",
        'where an example has one label; set task.kind=multi_label. Received: ";"',
    ),
    (
        "prepare",
        ["vocabulary.file=v.txt", "vocabulary.size=2000"],
        "vocabulary.size",
        "beside vocabulary.file, whose tokens are read; set vocabulary.file=null to train some. Received: 2000",
    ),
    (
        "distill",
        ["data.run=runs/p", "data.prepare=books"],
        "data.prepare",
        "beside data.run, a corpus that is prepared. Received: books",
    ),
    (
        "distill",
        ["distill.strategy=joint", "distill.progressive.warmup_rate=0.2"],
        "distill.progressive.warmup_rate",
        "on other strategies than progressive. Received: 0.2",
    ),
    (
        "finetune",
        ["search.epochs=[1, 2]", "train.epochs=4"],
        "train.epochs",
        "beside search.epochs. Received: 4",
    ),
    (
        "finetune",
        ["search.seed=[1, 2]", "seed=4"],
        "seed",
        "beside search.seed where search.max_trials draws no settings. Received: 4",
    ),
]


@pytest.mark.parametrize(("verb", "settings", "key", "why"), CASES)
def test_a_key_without_effect_is_refused_with_the_reason(verb, settings, key, why):
    with pytest.raises(UserError) as error:
        load(verb, settings=settings)
    assert error.value.message == f"--set: {key} has no effect {why}"
    assert error.value.hint == f"`mbert recipe explain {key}` tells more about it."


@pytest.mark.parametrize(
    ("verb", "settings"),
    [
        ("predict", FILE),
        ("predict", ["task.source=glue", "task.name=mrpc"]),
        ("eval", [*SQUAD, "task.version=v2.0", "task.null_threshold=1.5"]),
        ("finetune", [*FILE, "task.kind=multi_label", "task.label_separator=;"]),
        ("finetune", ["search.seed=[1, 2]", "search.max_trials=2", "seed=4"]),
        ("prepare", ["vocabulary.file=null", "vocabulary.size=2000"]),
    ],
)
def test_a_key_with_an_effect_is_taken(verb, settings):
    load(verb, settings=settings)


def test_a_recipe_may_hold_the_settings_of_cases_that_another_key_chooses(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("distill:\n  progressive:\n    warmup_rate: 0.2\n")
    load("distill", str(path), ["distill.strategy=joint"])


def test_a_recipe_is_refused_for_a_key_that_never_counts_unless_it_has_its_default(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("train:\n  validation_steps: 20\n")
    load("finetune", str(path))
    path.write_text("train:\n  validation_steps: 21\n")
    with pytest.raises(UserError) as error:
        load("finetune", str(path))
    assert error.value.message.startswith(f"{path}:2: train.validation_steps has no effect on a fine-tuning")


def test_single_keys_of_a_runs_task_are_refused_alike():
    run = {"source": "file", "train": "a.csv", "labels": ["a", "b"]}
    recorded = load("eval", settings=[f"task={json.dumps(run)}"]).recipe.task.model_dump()
    assert load("predict", settings=["task.sequence_length=64"], task=recorded).recipe.task.labels == [
        "a",
        "b",
    ]
    with pytest.raises(UserError) as error:
        load("predict", settings=["task.train=b.csv"], task=recorded)
    assert "task.train has no effect on predict" in error.value.message


def test_every_idle_key_is_one_of_the_verb():
    for rule in IDLE:
        for verb in rule.verbs:
            known = {key.path for key in keys_of(verb)}
            assert not set(rule.keys) - known, (verb, set(rule.keys) - known)
