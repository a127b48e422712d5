"""Every key of a task, for every verb that accepts it: setting it changes what the verb works on, or is refused.

What a verb works on is looked at as it is read and encoded, on small files. Keys of corpora and of sections that are
read as one have tests beside this file; whether a verb looks at its other keys `tests/test_end_to_end.py` tells, while
it runs.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task, require_task
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.squad import Question, Squad, collect_squad
from mbert_cli.examples.task_columns import client_of
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.examples.unlabelled import unlabelled_texts
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import LoadedRecipe, load
from mbert_cli.tasks.asked_texts import read_texts
from mbert_cli.tasks.chosen_client import with_chosen_client
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.row_length import with_chosen_length
from mbert_cli.tasks.task_set import TaskSet, encode_set
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
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
