"""What each verb has imported when it refuses wrong input: nothing that takes a second to load."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "torch", "transformers", "tensorflow_datasets", "jax")

WRONG: dict[str, list[list[str]]] = {
    "": [["--no-such-flag"], ["no-such-verb"]],
    "prepare": [
        ["no-such-recipe"], ["nowhere.yaml"], ["damaged.yaml"], ["--set", "store.worker=3"],
        ["--set", "corpus.source=files", "--set", "corpus.globs=[nowhere/*.txt]"],
        ["--set", "corpus.source=files", "--set", "corpus.globs=[image.png]"],
        ["--set", "vocabulary.file=nowhere.txt"],
    ],
    "train-teacher": [
        ["no-such-recipe"], ["damaged.yaml"], ["--set", "train.steps=0"], ["--set", "data.run=nowhere"],
        ["--set", "data.run=damaged"], ["--set", "model.size=mobilbert"],
    ],
    "distill": [
        ["no-such-recipe"], ["--teacher", "nowhere"], ["--teacher", "damaged"], ["--strategy", "joit"],
        ["--strategy", "task"], ["--strategy", "task", "--teacher", "nowhere"],
        ["--strategy", "task", "--teacher", "damaged"], ["--strategy", "task", "--source", "nowhere"],
    ],
    "finetune": [
        ["no-such-recipe"], ["--source", "nowhere"], ["--source", "damaged"], ["file"],
        ["--set", "task.source=file", "--set", "task.train=damaged.jsonl"],
        ["--set", "initialize_from=damaged"],
    ],
    "eval": [["nowhere"], ["damaged"], ["nowhere.tflite"], ["--recipe", "no-such-recipe"], []],
    "predict": [["nowhere", "--text", "a"], ["damaged", "--text", "a"], ["--text", "a"], ["damaged", "--file", "nowhere.txt"]],
    "export-tflite": [["nowhere"], ["damaged"], ["--quantize", "int5"], []],
    "bench": [["nowhere.tflite"], ["nowhere"], ["damaged"], ["--against", "bert"], []],
    "import": [["nowhere"], ["empty", "--run", "runs/theirs"], ["damaged_checkpoint", "--run", "runs/theirs"]],
    "convert-checkpoint": [["nowhere", "out"], ["damaged", "out"]],
    "trace": [["nowhere", "--text", "a"], ["damaged", "--text", "a"]],
    "runs": [["nowhere"], ["image.png"]],
    "augment": [
        ["no-such-recipe"], ["file"], ["--set", "masked_language_model=nowhere"], ["--set", "vectors.source=store"],
        ["file", "--set", "task.train=damaged.jsonl"],
        ["--set", "vectors.source=file", "--set", "vectors.path=image.png"],
    ],
    "report": [["nowhere"], ["damaged"], ["nowhere.tflite"], ["empty"], ["--text", "a"], ["--second-text", "a"], []],
    "recipe": [
        ["show", "no-such-verb"], ["show", "finetune", "no-such-recipe"], ["explain", "no_such_key"],
        ["check", "finetune"], ["copy", "finetune"],
    ],
}  # fmt: skip
"""Wrong input of every verb: runs, recipes and files that are not there or are damaged."""

PROGRAM = """
import json, sys
from mbert_cli import cli

known = set()
for words in json.loads(sys.argv[1]):
    try:
        cli.main(words)
    except SystemExit as ending:
        code = ending.code or 0
    loaded = [name for name in json.loads(sys.argv[2]) if name in sys.modules and name not in known]
    known.update(loaded)
    with open("said.jsonl", "a") as file:
        print(json.dumps([words, code, loaded]), file=file)
"""
"""One process for all commands; what one has loaded is held against that one alone."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with damaged input of every kind."""
    folder = tmp_path_factory.mktemp("wrong")
    for name in ("damaged/final", "empty", "damaged_checkpoint"):
        (folder / name).mkdir(parents=True)
    (folder / "damaged.yaml").write_text("train: [\n")
    (folder / "damaged/recipe.yaml").write_text("seed: 0\n")
    (folder / "damaged/origin.json").write_text('{"verb": "finetune", "sessions": []}')
    (folder / "damaged/final/manifest.json").write_text("{")
    (folder / "damaged_checkpoint/config.json").write_text("{")
    (folder / "damaged.jsonl").write_text('{"text": \n')
    (folder / "image.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture(scope="module")
def said(folder) -> dict[tuple[str, ...], tuple[int | None, list[str]]]:
    """Exit code and heavy libraries after each wrong command."""
    commands = [[*([verb] if verb else []), *words] for verb, cases in WRONG.items() for words in cases]
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands), json.dumps(HEAVY)],
        cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True,
    )  # fmt: skip
    lines = (folder / "said.jsonl").read_text().splitlines()
    return {tuple(words): (code, loaded) for words, code, loaded in map(json.loads, lines)}


CASES = [(verb, words) for verb, cases in WRONG.items() for words in cases]


@pytest.mark.parametrize(
    ("verb", "words"), CASES, ids=lambda part: " ".join(part) if isinstance(part, list) else part
)
def test_wrong_input_is_refused_before_anything_heavy_is_loaded(said, verb, words):
    assert said[(*([verb] if verb else []), *words)] == (2, [])


def test_every_verb_has_wrong_input_to_try():
    from mbert_cli import cli

    names = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    groups = {group.name or group.typer_instance.info.name for group in cli.app.registered_groups}
    assert {name.replace("_", "-") for name in names | groups} == set(WRONG) - {""}
