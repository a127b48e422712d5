"""What the shell completes: verbs, recipes, keys and the words that they take."""

from pathlib import Path

import pytest

from mbert_cli.completion import _split, _values, _whole_words
from mbert_cli.recipe.keys import keys_of

DISTILL_KEYS = list(dict.fromkeys(key.path for key in keys_of("distill") if key.path.startswith("dist")))


pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (
            "mbert distill qu",
            ["quickstart", *(f"quickstart_{name}" for name in ("distilbert", "general", "task"))],
        ),
        ("mbert eval --recipe q", ["quickstart"]),
        ("mbert distill --strategy j", ["joint"]),
        ("mbert distill --strategy ", ["progressive", "joint", "auxiliary", "general", "task", "distilbert"]),
        ("mbert export-tflite --quantize f", ["float32", "float16"]),
        ("mbert predict --pooling m", ["mean"]),
        ("mbert import --pooling ", ["mean", "cls"]),
        ("mbert bench --against mob", ["mobilebert", "mobilebert_tiny"]),
        ("mbert recipe show dis", ["distill"]),
        ("mbert recipe show finetune ss", ["sst2"]),
        ("mbert recipe copy finetune/ss", ["finetune/sst2"]),
        ("mbert distill --set distill.str", ["distill.strategy="]),
        ("mbert distill --set distill.strategy=j", ["distill.strategy=joint"]),
        ("mbert distill --set distill.strategy = j", ["joint"]),
        (
            "mbert distill --set distill.strategy =",
            ["progressive", "joint", "auxiliary", "general", "task", "distilbert"],
        ),
        ("mbert distill --set seed = 1 --set distill.strategy = a", ["auxiliary"]),
        ("mbert distill --strategy = j", ["joint"]),
        ("mbert finetune --set train.dynamic_length = t", ["true"]),
        ("mbert finetune --set loss.class_weights = ", ["balanced", "null"]),
        ("mbert distill --set teacher = runs/", ["runs/a", "runs/b"]),
        ("mbert recipe show finetune/ss", ["finetune/sst2"]),
        ("mbert report ru", ["runs/a"]),
        ("mbert report runs/a/", ["runs/a/export/int8/model.tflite"]),
        ("mbert report --format h", ["html"]),
        ("mbert recipe show finetune --set train.prec", ["train.precision="]),
        ("mbert recipe explain dist", ["distill", *DISTILL_KEYS]),
        ("mbert recipe explain finetune fi", ["file"]),
        ("mbert recipe explain finetune/file task.tr", ["task.train"]),
        ("mbert recipe explain model.si", ["model.size"]),
    ],
)
def test_the_shell_completes(run, monkeypatch, typed, offered):
    Path("runs/b").mkdir(parents=True)
    Path("runs/b/recipe.yaml").touch()
    Path("runs/a/export/int8").mkdir(parents=True)
    Path("runs/a/export/int8/model.tflite").touch()
    Path("runs/a/recipe.yaml").touch()
    Path("runs/a/origin.json").write_text('{"verb": "finetune"}')
    monkeypatch.setenv("_MBERT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - (not typed.endswith(" "))))
    assert run()[1].split() == offered


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mbert distill --set 'a b", ["mbert", "distill", "--set", "a b"]),
        ("mbert predict --text \"it's # fine", ["mbert", "predict", "--text", "it's # fine"]),
        ("mbert", ["mbert"]),
        ("", []),
    ],
)
def test_a_quotation_mark_may_not_have_been_closed_yet(line, words):
    assert _split(line) == words


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (["--set", "a", "=", "1", "x"], ["--set", "a=1", "x"]),
        (["--set", "a", "="], ["--set", "a="]),
        (["a=", "b"], ["a=b"]),
        (["=", "b"], ["=b"]),
        ([], []),
    ],
)
def test_what_bash_takes_apart_at_an_equals_sign_is_put_together(words, whole):
    assert _whole_words(words) == whole


def test_a_key_offers_its_words_and_null_and_a_key_of_runs_the_runs_there_are():
    for name in ("b", "a"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "recipe.yaml").touch()
    keys = {key.path: key for key in keys_of("finetune")}
    assert _values(keys["source"]) == ["runs/a", "runs/b", "null"]
    assert _values(keys["pretrained"]) == ["true", "false"]
    assert _values(keys["train.precision"]) == ["float32", "bfloat16"]
    assert _values(keys["train.epochs"]) == []
