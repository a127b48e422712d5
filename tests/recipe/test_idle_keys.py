"""A key that would change nothing is refused where somebody sets it, and nowhere else.

Keys of tasks and of distillations are refused in tests beside this file.
"""

import json

import pytest
import yaml

from mbert_cli.errors import UserError
from mbert_cli.recipe.idle_keys import IDLE
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load
from mbert_cli.runs.listing import ORIGIN, RECIPE
from tests.recipe.idle_key import no_effect, refusal

CASES = [
    (
        "distill",
        ["hosts.count=1", "hosts.index=0"],
        "hosts.index",
        "together with hosts.count=1, a host that meets no others. Received: 0",
    ),
    (
        "augment",
        ["vectors.source=file", "vectors.path=glove.txt", "augment.sees_original=false"],
        "augment.sees_original",
        "with word vectors alone; masked_language_model names a run that reads texts. Received: false",
    ),
    (
        "finetune",
        ["cluster.workers=2"],
        "cluster.workers",
        "without a search, whose trials are shared; search.seed=[0, 1] makes one. Received: 2",
    ),
    (
        "prepare",
        ["cluster.cores=2"],
        "cluster.cores",
        "without cluster.address, on this machine alone. Received: 2",
    ),
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
        "finetune",
        ["quantize.mode=int8", "quantize.teacher=false", "quantize.temperature=2"],
        "quantize.temperature",
        "together with quantize.teacher=false, where the labels alone are learned from. Received: 2.0",
    ),
    (
        "finetune",
        ["quantize.mode=int4", "quantize.momentum=0.5"],
        "quantize.momentum",
        "on a mode whose ranges are measured while the artifact runs. Received: 0.5",
    ),
    (
        "export-tflite",
        ["export.quantize=[float16, dynamic_int8]", "export.fallback.max_layers=2"],
        "export.fallback.max_layers",
        "in float32, float16 and dynamic_int8, which need no ranges and keep no layer in higher precision. Received: 2",
    ),
    (
        "export-tflite",
        ["export.quantize=int4", "export.equalize=false"],
        "export.equalize",
        "in modes whose activations have no 8-bit ranges. Received: false",
    ),
    (
        "prepare",
        ["corpus.source=files", "corpus.globs=[a/*.txt, b.md.gz]", "corpus.text=body"],
        "corpus.text",
        "on .txt and .md files, which are one text. Received: body",
    ),
    (
        "train-teacher",
        ["train.optimizer.weight_decay=0", "train.optimizer.no_decay=[bias]"],
        "train.optimizer.no_decay",
        "together with train.optimizer.weight_decay=0, where adamw decays no weight. Received: [bias]",
    ),
    (
        "finetune",
        ["search.seed=[0, 1]", "search.learning_rate=[1e-4]", "search.prune_margin=0.1"],
        "search.prune_margin",
        "on a search with one setting, which is behind no other. Received: 0.1",
    ),
    (
        "prepare",
        ["vocabulary.file=v.txt", "vocabulary.size=2000"],
        "vocabulary.size",
        "together with vocabulary.file, whose tokens are read; set vocabulary.file=null to train some. Received: 2000",
    ),
    (
        "distill",
        ["data.run=runs/p", "data.prepare=books"],
        "data.prepare",
        "together with data.run, a corpus that is prepared. Received: books",
    ),
    (
        "finetune",
        ["search.epochs=[1, 2]", "train.epochs=4"],
        "train.epochs",
        "together with search.epochs. Received: 4",
    ),
    (
        "finetune",
        ["search.seed=[1, 2]", "seed=4"],
        "seed",
        "together with search.seed where search.max_trials draws no settings. Received: 4",
    ),
]


@pytest.mark.parametrize(("verb", "settings", "key", "why"), CASES)
def test_a_key_without_effect_is_refused_with_the_reason(verb, settings, key, why):
    assert refusal(verb, settings) == no_effect(key, why)


@pytest.mark.parametrize(
    ("verb", "settings"),
    [
        ("finetune", ["search.seed=[1, 2]", "search.max_trials=2", "seed=4"]),
        ("prepare", ["vocabulary.file=null", "vocabulary.size=2000"]),
        ("export-tflite", ["export.quantize=[int4, float32]", "export.fallback.max_layers=2"]),
        ("export-tflite", ["export.quantize=[float32, int8]", "export.equalize=false"]),
        ("prepare", ["corpus.source=files", "corpus.globs=[a/*.txt, b/*]", "corpus.text=body"]),
        ("prepare", ["corpus.source=files", "corpus.globs=[a/*.jsonl.gz]", "corpus.text=body"]),
        (
            "train-teacher",
            ["train.optimizer.name=lamb", "train.optimizer.weight_decay=0", "train.optimizer.no_decay=[]"],
        ),
        ("finetune", ["search.epochs=[1, 2]", "search.prune_margin=0.1"]),
        ("augment", ["augment.sees_original=false"]),
    ],
)
def test_a_key_with_an_effect_is_taken(verb, settings):
    load(verb, settings=settings)


def test_a_recipe_may_hold_the_settings_of_cases_that_another_key_chooses(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("distill:\n  temperature: 2.0\n")
    load("distill", str(path), ["distill.ground_truth_ratio=1"])


def test_what_a_run_wrote_down_is_a_recipe_whatever_flags_chose(tmp_path):
    """A recipe for plain text in `corpus.text`, with files of prose by a flag: all of it stands in the run's recipe."""
    path = tmp_path / "mine.yaml"
    path.write_text("corpus:\n  source: files\n  globs: [a/*.jsonl]\n  text: body\n")
    invocation = load("prepare", str(path), ["corpus.globs=[a/*.txt]"])
    run = tmp_path / "runs" / "p"
    run.mkdir(parents=True)
    (run / RECIPE).write_text(yaml.safe_dump(invocation.recipe.model_dump(mode="json")))
    with pytest.raises(UserError, match=r"corpus\.text has no effect"):
        load("prepare", str(run / RECIPE))
    (run / ORIGIN).write_text("{}")
    assert load("prepare", str(run / RECIPE)).recipe == invocation.recipe


IDLE_RECIPES = [
    ("finetune", "task:\n  source: tokens\n  train: a.conll\n  offsets: bytes\n", "task.offsets", 4),
    ("finetune", "task:\n  source: tokens\n  train: a.jsonl\n  token_column: 2\n", "task.token_column", 4),
    ("finetune", "task:\n  source: file\n  train: a.jsonl\n  delimiter: ;\n", "task.delimiter", 4),
    ("finetune", "task:\n  source: file\n  train: a.csv\n  label_separator: ;\n", "task.label_separator", 4),
    ("finetune", "task:\n  source: squad\n  validation_share: 0.2\n", "task.validation_share", 3),
    ("distill", "distill:\n  strategy: task\ntrain:\n  validate_every: 9\n", "train.validate_every", 4),
    ("prepare", "corpus:\n  source: files\n  globs: [a.txt]\n  text: body\n", "corpus.text", 4),
]


@pytest.mark.parametrize(("verb", "text", "key", "line"), IDLE_RECIPES)
def test_a_recipe_whose_own_files_leave_a_key_without_effect_is_refused(tmp_path, verb, text, key, line):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load(verb, str(path))
    assert error.value.message.startswith(f"{path}:{line}: {key} has no effect ")


@pytest.mark.parametrize(
    ("verb", "text", "settings"),
    [
        ("finetune", "task:\n  source: tokens\n  train: a.jsonl\n  offsets: bytes\n", ["task.train=a.conll"]),
        ("finetune", "task:\n  source: file\n  train: a.csv\n  delimiter: ;\n", ["task.train=a.jsonl"]),
        ("finetune", "task:\n  source: file\n  train: a.csv\n  kind: multi_label\n  label_separator: ;\n",
         ["task.kind=classification"]),
        ("prepare", "corpus:\n  source: files\n  globs: [a.jsonl]\n  text: body\n", ["corpus.globs=[a.txt]"]),
    ],
)  # fmt: skip
def test_what_a_flag_chooses_instead_says_nothing_against_a_recipe(tmp_path, verb, text, settings):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    load(verb, str(path), settings)


@pytest.mark.parametrize(
    ("verb", "settings"),
    [
        ("finetune", ["task.source=tokens", "task.train=a.conll", "task.offsets=characters"]),
        (
            "finetune",
            ["task.source=tokens", "task.train=a.jsonl", "task.token_column=0", "task.label_column=-1"],
        ),
        (
            "finetune",
            ["task.source=file", "task.train=a.jsonl", "task.delimiter=null", "task.label_separator=,"],
        ),
        ("prepare", ["corpus.source=files", "corpus.globs=[a.txt]", "corpus.text=text"]),
    ],
)
def test_a_value_that_is_what_counts_anyway_is_harmless(verb, settings):
    load(verb, settings=settings)


def test_the_recipe_that_a_run_wrote_down_is_taken(tmp_path):
    path = tmp_path / "mine.yaml"
    for settings in (
        ["task.source=tokens", "task.train=a.conll"], ["task.source=tokens", "task.train=a.jsonl"],
        ["task.source=file", "task.train=a.jsonl"], ["task.source=squad"],
    ):  # fmt: skip
        path.write_text(json.dumps(load("finetune", settings=settings).values()))
        load("finetune", str(path))


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
