"""Keys of a task without effect beside its files, its kind, or in a verb that never reads them."""

import pytest

from mbert_cli.recipe.loading import load
from tests.recipe.idle_key import no_effect, refusal

SQUAD = ["task.source=squad", "task.train=a.json"]
FILE = ["task.source=file", "task.train=a.csv"]
TAUGHT = ["distill.strategy=task", "task.source=file", "task.train=a.jsonl"]
CASES = [
    (
        "augment",
        ["task.source=file", "task.train=a.csv", "task.validation=b.csv", "task.validation_share=0.2"],
        "task.validation_share",
        "together with task.validation, a file that is held out whole. Received: 0.2",
    ),
    (
        "finetune",
        ["task.source=file", "task.train=a.csv", "task.unlabelled=[mails.txt]"],
        "task.unlabelled",
        (
            "on a verb without a teacher, who alone could label these texts; `mbert distill --strategy task` has one. "
            "Received: [mails.txt]"
        ),
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
        "under the rules of v1.1, where every question has an answer; set task.version=v2.0. Received: 1.5",
    ),
    (
        "finetune",
        ["task.source=file", "task.train=a.csv", "task.validation=b.csv", "task.validation_share=0.2"],
        "task.validation_share",
        "together with task.validation, a file that is held out whole. Received: 0.2",
    ),
    (
        "finetune",
        ["task.source=file", "task.train=a.csv", "task.label_separator=;"],
        "task.label_separator",
        'where an example has one label; set task.kind=multi_label. Received: ";"',
    ),
    (
        "finetune",
        [*FILE, "task.kind=multi_label", "task.label=[a, b]", "task.label_separator=;"],
        "task.label_separator",
        'together with a list of columns in task.label, each of one label. Received: ";"',
    ),
    (
        "finetune",
        ["task.source=file", "task.train=a.jsonl", "task.validation=b.jsonl.gz", "task.delimiter=;"],
        "task.delimiter",
        'on rows of JSON, which have names and are UTF-8; it is for .tsv and .csv files. Received: ";"',
    ),
    (
        "eval",
        ["task.source=file", "task.train=a.jsonl", "task.encoding=utf-16"],
        "task.encoding",
        "on rows of JSON, which have names and are UTF-8; it is for .tsv and .csv files. Received: utf-16",
    ),
    (
        "distill",
        [*TAUGHT, "task.unlabelled=[b.txt, c.jsonl.gz]", "task.encoding=cp1252"],
        "task.encoding",
        "on rows of JSON, which have names and are UTF-8; it is for .tsv and .csv files. Received: cp1252",
    ),
    (
        "finetune",
        ["task.source=squad", "task.validation_share=0.2"],
        "task.validation_share",
        "on prepared data sets, which have a validation set of their own. Received: 0.2",
    ),
    (
        "eval",
        ["task.source=tokens", "task.train=a.conll", "task.validation=b.txt", "task.offsets=bytes"],
        "task.offsets",
        "where each token has a tag; it says what the places of spans count. Received: bytes",
    ),
    (
        "finetune",
        ["task.source=tokens", "task.kind=tags", "task.train=a.jsonl", "task.offsets=bytes"],
        "task.offsets",
        "where each token has a tag; it says what the places of spans count. Received: bytes",
    ),
    (
        "finetune",
        ["task.source=tokens", "task.train=a.JSON.gz", "task.token_column=1"],
        "task.token_column",
        "as a number on rows of JSON; name the member with the tokens. Received: 1",
    ),
    (
        "finetune",
        ["task.source=tokens", "task.train=a.ndjson", "task.label_column=-2"],
        "task.label_column",
        "as a number on rows of JSON; name the member with the tags. Received: -2",
    ),
]


@pytest.mark.parametrize(("verb", "settings", "key", "why"), CASES)
def test_a_key_of_a_task_without_effect_is_refused_with_the_reason(verb, settings, key, why):
    assert refusal(verb, settings) == no_effect(key, why)


@pytest.mark.parametrize(
    ("verb", "settings"),
    [
        ("predict", FILE),
        ("predict", ["task.source=glue", "task.name=mrpc"]),
        ("eval", [*SQUAD, "task.version=v2.0", "task.null_threshold=1.5"]),
        ("finetune", [*FILE, "task.kind=multi_label", "task.label_separator=;"]),
        ("finetune", ["task.source=file", "task.train=a.jsonl", "task.validation=b.csv", "task.delimiter=;"]),
        ("finetune", ["task.source=file", "task.train=a.jsonl", "task.delimiter=null"]),
        (
            "finetune",
            ["task.source=file", "task.train=a.jsonl", "task.validation=b.csv", "task.encoding=utf-16"],
        ),
        (
            "distill",
            [*TAUGHT, "task.unlabelled=[b.txt,c.csv.gz]", "task.encoding=cp1252"],
        ),
        ("distill", [*TAUGHT, "task.unlabelled=[texts/*]", "task.delimiter=;"]),
        ("finetune", ["task.source=tokens", "task.train=a.jsonl", "task.offsets=bytes"]),
        (
            "finetune",
            ["task.source=tokens", "task.train=a.conll", "task.validation=b.jsonl", "task.offsets=bytes"],
        ),
        (
            "finetune",
            ["task.source=tokens", "task.train=a.jsonl", "task.token_column=words", "task.label_column=-1"],
        ),
        (
            "finetune",
            ["task.source=tokens", "task.train=a.conll", "task.token_column=1", "task.label_column=3"],
        ),
        ("finetune", ["task.source=squad", "task.train=a.json", "task.validation_share=0.2"]),
        ("finetune", ["task.source=glue", "task.name=sst2", "task.train=runs/augment-sst2"]),
    ],
)
def test_a_key_of_a_task_with_an_effect_is_taken(verb, settings):
    load(verb, settings=settings)
