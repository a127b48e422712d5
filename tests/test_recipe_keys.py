"""Every key of a task, for every verb that accepts it: setting it changes what the verb works on, or is refused.

What a verb works on is looked at as it is read and encoded, on small files. So are corpora, sizes of models, and the
sections that are read as one; whether a verb looks at its other keys `tests/test_end_to_end.py` tells, while it runs.
"""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.corpus.corpus import documents
from mbert_cli.distill.options import DistilBertFactors, DistillOptions, TaskOptions, TransferFactors
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.distill.strategies.task import TaskStudent, task_stages
from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task, require_task
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.squad import Question, Squad, collect_squad
from mbert_cli.examples.task_columns import client_of
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.examples.unlabelled import unlabelled_texts
from mbert_cli.losses.options import LossOptions
from mbert_cli.model.options import SIZES, SizeChanges
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import LoadedRecipe, load
from mbert_cli.recipe.schema import FORMS
from mbert_cli.search.grid import SearchPlan, plan_search
from mbert_cli.search.options import SearchOptions
from mbert_cli.tasks.asked_texts import read_texts
from mbert_cli.tasks.chosen_client import with_chosen_client
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.row_length import with_chosen_length
from mbert_cli.tasks.task_set import TaskSet, encode_set
from mbert_cli.tasks.training import task_loss
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage
from mbert_cli.weights.description import ModelDescription, VocabularyDescription

WORDS = [f"w{number}" for number in range(40)]
VOCABULARY = Vocabulary((*RESERVED, *WORDS, *"abc.?"))

OWN = {
    "installed_docs": {"packages": ["rich", "pydantic"], "max_examples_per_label": 20, "sequence_length": 64},
    "glue": {"name": "sst2", "folder": "glue"},
    "file": {"train": "t.csv", "validation": "v.csv", "text": "text", "label": "label"},
    "squad": {"train": "t.json", "validation": "v.json", "sequence_length": 24, "question_length": 8,
              "document_stride": 8},
    "tokens": {"train": "t.jsonl", "validation": "v.jsonl", "sequence_length": 16},
    "imported": {"sequence_length": 16},
}  # fmt: skip
"""The task that a run was fine-tuned for, by its source."""

CHANGED = {
    "glue": {"name": "mrpc", "folder": "other", "train": "other/train.tsv", "data_dir": "d", "sequence_length": 8,
             "unlabelled": ["o.txt"], "client": "mediapipe"},
    "installed_docs": {"packages": ["rich", "typer"], "max_examples_per_label": 4, "sequence_length": 8,
                       "unlabelled": ["o.txt"], "client": "mediapipe"},
    "file": {"kind": "multi_label", "train": "o.csv", "validation": "o.csv", "validation_share": 0.9, "text": "other",
             "second_text": "other", "label": "other", "label_separator": ";", "labels": ["yes", "no"],
             "delimiter": ";", "encoding": "utf-16", "sequence_length": 8, "unlabelled": ["o.txt"],
             "client": "mediapipe"},
    "squad": {"version": "v2.0", "train": "o.json", "validation": "o.json", "validation_share": 0.9, "data_dir": "d",
              "sequence_length": 30, "document_stride": 5, "question_length": 4, "num_best": 3,
              "max_answer_tokens": 2, "null_threshold": 1.5, "misplaced": "leave_out",
              "client": "mediapipe"},
    "tokens": {"kind": "tags", "train": "o.jsonl", "validation": "o.jsonl", "validation_share": 0.9,
               "labels": ["PER", "ORG"], "token_column": 1, "label_column": 1, "offsets": "bytes",
               "sequence_length": 8, "document_stride": 3, "unlabelled": ["o.txt"]},
    "imported": {"sequence_length": 8, "client": "mediapipe"},
}  # fmt: skip
"""Another value for each of its keys."""

BESIDE = {
    ("file", "validation_share"): {"validation": None},
    ("squad", "validation_share"): {"validation": None},
    ("tokens", "validation_share"): {"validation": None},
    ("glue", "data_dir"): {"folder": None},
    ("squad", "data_dir"): {"train": None, "validation": None},
    ("file", "label_separator"): {"kind": "multi_label", "label": "several"},
    ("tokens", "document_stride"): {"validation": "long.jsonl"},
    ("tokens", "token_column"): {"train": "t.conll", "validation": "v.conll", "kind": "tags"},
    ("tokens", "label_column"): {"train": "t.conll", "validation": "v.conll", "kind": "tags"},
    ("squad", "null_threshold"): {"version": "v2.0"},
}
"""What else must be so for a key to count; otherwise typing it is refused."""

LABELS = {"t": ("no", "yes"), "v": ("no", "yes"), "o": ("maybe", "yes")}

VERBS = ("finetune", "eval", "predict", "export-tflite", "bench")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Small files of every format; those named o hold something else."""
    folder = tmp_path_factory.mktemp("keys")
    generator = np.random.default_rng(0)

    def text(count: int) -> str:
        return " ".join(generator.choice(WORDS, count))

    for name, count in (("t", 12), ("v", 12), ("o", 10)):
        rows = [
            f"{text(9)},{text(7)},{LABELS[name][row % 2]},{('x', 'y')[row % 2]},no;yes"
            for row in range(count)
        ]
        (folder / f"{name}.csv").write_text("\n".join(["text,other,label,others,several", *rows]) + "\n")
        paragraphs = [squad_paragraph(f"{name}{row}", text(30)) for row in range(count)]
        (folder / f"{name}.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
        records = [token_record(text(6), "PLACE" if name == "o" else "PER") for _ in range(count)]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")
        (folder / f"{name}.conll").write_text("w1 w2 X\nw3 w4 Y\n\n" * 8)
    (folder / "long.jsonl").write_text(json.dumps(token_record(text(40), "PER")) + "\n")
    for name, seed in (("glue", 1), ("other", 2)):
        (folder / name).mkdir()
        for file in ("train.tsv", "dev.tsv"):
            lines = [
                f"{' '.join(np.random.default_rng(seed).choice(WORDS, 9))}\t{row % 2}" for row in range(6)
            ]
            (folder / name / file).write_text("\n".join(["sentence\tlabel", *lines]) + "\n")
    return folder


def squad_paragraph(name: str, context: str) -> dict:
    """A question with a long answer, that stands elsewhere than the file says, and is unique."""
    answer = " ".join(context.split()[3:6])
    answers = [{"text": answer, "answer_start": context.index(answer) + 1}]
    return {"context": context, "qas": [{"id": name, "question": "w1 w2 w3 w4 w5 w6?", "answers": answers}]}


def token_record(text: str, first: str) -> dict:
    """Entities behind a character of two bytes."""
    return {"text": f"é {text}", "label": [[2, 4, first], [5, 7, "ORG"]]}


def merged(source: str, changes: dict) -> AnyTask:
    """The section of a task, checked as a recipe's."""
    recorded = {"source": source} | OWN[source] | changes
    return load("eval", settings=[f"task={json.dumps(recorded)}"]).recipe.task


def arrays_of(encoded: TaskSet, with_judge: bool) -> list:
    rows = encoded.rows
    batch = rows.take(np.arange(len(rows.tokens)), rows.sequence_length)
    judge = encoded.judge
    settings = [repr(getattr(judge, name)) for name in sorted(vars(judge)) if name != "windows"]
    return [sorted((name, array.tolist()) for name, array in batch.items()), settings if with_judge else ()]


def with_odd_blank(examples: Any) -> Any:
    """Examples whose first text has a blank that ends a word for BERT, and not for a client."""
    if isinstance(examples, Examples):
        examples.texts[0] = f"w1\u00a0w2 {examples.texts[0]}"
    if isinstance(examples, Squad):
        first, *others = examples.questions
        odd = replace(first, question=f"w1\u00a0w2 {first.question}")
        return replace(examples, questions=(odd, *others))
    return examples


def observe(verb: str, loaded: LoadedRecipe, own: AnyTask) -> object:
    """What a verb makes of a task: its labels and encoded sets, or what it says where it cannot read it."""
    options = loaded.recipe.task or own
    if verb == "predict" or isinstance(own, ImportedTask):
        return observe_model(verb, loaded, options, own)
    try:
        require_task(options)
        task = load_task(options, None if verb == "finetune" else "validation")
    except UserError as error:
        return error.message
    names = ("train", "validation") if verb == "finetune" else ("validation",)
    tokenizer = Tokenizer(VOCABULARY, client_of(options))
    sets = [encode_set(task, with_odd_blank(task.sets[name]), options, tokenizer) for name in names]
    return task.output_names, task.kind, [arrays_of(encoded, verb != "bench") for encoded in sets]


def observe_model(verb: str, loaded: LoadedRecipe, options: AnyTask, own: AnyTask) -> object:
    """Texts as a model of a task sees them."""
    kind = {"squad": "question_answering", "tokens": "token_classification"}.get(own.source, "classification")
    labels = ["I-A", "O"] if kind == "token_classification" else ["no", "yes"]
    description = ModelDescription(
        verb="finetune", size=SIZES["bert_base"], output_names=labels, kind=kind, task=own,
        vocabulary=VocabularyDescription(size=9, lowercase=True, digest=""),
    )  # fmt: skip
    file = Path("other/dev.tsv" if own.source == "glue" else "t.csv")
    invocation = Invocation(verb, loaded, Path("runs"), file=file)
    model = TaskModel(Path("run"), description, VOCABULARY, own.sequence_length, lambda batches: None)
    model = with_chosen_client(with_chosen_length(model, invocation), invocation)
    words = " ".join(WORDS[:30])
    if kind == "question_answering":
        examples = with_odd_blank(collect_squad("q", [Question("q", "w1 w2 w3 w4 w5 w6?", words, ())]))
    elif kind == "token_classification":
        examples = TokenExamples([words], [[]], None)
    else:
        try:
            examples = with_odd_blank(read_texts(invocation, model).examples(unlabelled_texts))
        except UserError as error:
            return error.message
    return arrays_of(model.encode(TaskData("texts", labels, {}, (), kind), examples, options), True)


def task_keys(verb: str) -> list[tuple[str, str, str]]:
    found = []
    for key in keys_of(verb):
        section, _, name = key.path.partition(".")
        if section == "task" and name and name != "source":
            found.append((verb, key.variant.partition(": ")[2], name))
    return found


KEYS = [key for verb in VERBS for key in task_keys(verb)]


def test_every_key_of_every_task_has_another_value_to_try():
    assert {(source, name) for _, source, name in KEYS} == {
        (source, name) for source, values in CHANGED.items() for name in values
    }


@pytest.mark.parametrize(("verb", "source", "name"), KEYS)
def test_a_key_of_a_task_changes_what_a_verb_works_on_or_is_refused(folder, monkeypatch, verb, source, name):
    monkeypatch.chdir(folder)
    beside, value = BESIDE.get((source, name), {}), CHANGED[source][name]
    own = merged(source, beside)
    setting, recorded = f"task.{name}={json.dumps(value)}", own.model_dump()
    before, settings = recorded, []
    if verb == "finetune":
        before, named = None, dict.fromkeys(["source", *OWN[source], *beside])
        settings = [f"task.{key}={json.dumps(recorded[key])}" for key in named]
    unchanged = load(verb, "quickstart", settings, task=before)
    try:
        changed = load(verb, "quickstart", [*settings, setting], task=before)
    except UserError as error:
        changed, refusal = None, error.message
    if changed is None:
        assert f"task.{name} has no effect" in refusal
    else:
        assert observe(verb, changed, own) != observe(verb, unchanged, own)


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


@pytest.mark.parametrize("setting", ["loss.class_weights=[1.0, 3.0]", "loss.focal_gamma=2.0"])
def test_a_setting_of_the_loss_changes_it_or_is_refused(folder, monkeypatch, setting):
    monkeypatch.chdir(folder)
    recipe = load("finetune", settings=["task.source=file", "task.train=t.csv", setting]).recipe
    data = load_task(recipe.task)
    rows = encode_set(data, data.train, recipe.task, Tokenizer(VOCABULARY)).rows
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


CORPUS = {
    "files": {"globs": ["o.csv.txt"], "text": "other", "where": "n > 1"},
    "tfds": {"dataset": "another", "split": "test", "text_feature": "body", "data_dir": "d"},
    "installed_docs": {"packages": ["typer"]},
}  # fmt: skip
"""Another value for each key of a corpus."""

OWN_CORPUS = {"files": {"globs": ["c.jsonl"]}, "tfds": {}, "installed_docs": {"packages": ["safetensors"]}}


def test_every_key_of_every_corpus_has_another_value_to_try():
    keys = [key for key in keys_of("prepare") if key.path.startswith("corpus.") and not key.is_discriminator]
    assert {(key.variant.partition(": ")[2], key.path.partition(".")[2]) for key in keys} == {
        (source, name) for source, values in CORPUS.items() for name in values
    } | {(source, "deduplicate") for source in ("files", "tfds", "mix")} | {
        ("mix", "mix")
    }  # tests/corpus/test_pieces.py and test_mixing.py: of what is read


@pytest.fixture
def _prepared_texts(monkeypatch):
    """A data set for each way to name one, with a text that says how it was named."""

    def find(name: str, data_dir: str | None, section: str) -> SimpleNamespace:
        feature = SimpleNamespace(np_dtype=object, shape=())
        return SimpleNamespace(
            name=f"{name} in {data_dir}", info=SimpleNamespace(features={"text": feature, "body": feature})
        )

    def read(builder: SimpleNamespace, split: str, data_dir: str | None, section: str) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensors(
            {name: f"{name} of {split} of {builder.name}" for name in ("text", "body")}
        )

    monkeypatch.setattr("mbert_cli.corpus.tfds.find_builder", find)
    monkeypatch.setattr("mbert_cli.corpus.tfds.open_split", read)


@pytest.mark.usefixtures("_prepared_texts")
@pytest.mark.parametrize(("source", "name"), [(source, name) for source in CORPUS for name in CORPUS[source]])
def test_a_key_of_a_corpus_changes_what_is_read(folder, monkeypatch, source, name):
    monkeypatch.chdir(folder)
    Path("o.csv.txt").write_text("another text\n")
    Path("c.jsonl").write_text('{"text": "one", "other": "two", "n": 1}\n')

    def read(values: dict) -> list:
        settings = [f"corpus.{key}={json.dumps(value)}" for key, value in values.items()]
        corpus = load("prepare", settings=[f"corpus.source={source}", *settings]).recipe.corpus
        return [document.paragraphs for document in islice(documents(corpus), 3)]

    own = OWN_CORPUS[source]
    assert read(own | {name: CORPUS[source][name]}) != read(own)
