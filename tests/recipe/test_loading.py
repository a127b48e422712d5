"""A recipe from its layers, and what is said of mistakes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

import mbert_cli
from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.fixture
def write(tmp_path):
    def write(text, name="x.yaml"):
        (tmp_path / name).write_text(text)
        return name

    return write


def said(verb, *arguments, **options):
    with pytest.raises(UserError) as error:
        load(verb, *arguments, **options)
    assert error.value.exit_code == 2
    return error.value.message


def test_later_layers_win_and_every_value_knows_where_it_comes_from(write):
    write("seed: 1\ntrain:\n  batch_size: 16\n  log_every: 5\n  steps: 7\n", "lower.yaml")
    write("extends: lower.yaml\ntrain:\n  batch_size: 24\n  validate_every: 9\n")
    loaded = load("train-teacher", "x.yaml", ["train.checkpoint_every=3", "seed=4"], smoke=True)
    train = loaded.recipe.train
    assert (loaded.recipe.seed, loaded.origins["seed"]) == (4, "--set")
    assert (train.checkpoint_every, loaded.origins["train.checkpoint_every"]) == (3, "--set")
    assert (train.steps, loaded.origins["train.steps"]) == (4, "--smoke")
    assert (train.batch_size, loaded.origins["train.batch_size"]) == (4, "--smoke")
    assert loaded.origins["train.precision"] == "default"
    without_smoke = load("train-teacher", "x.yaml")
    assert without_smoke.recipe.train.batch_size == 24
    assert without_smoke.origins["train.batch_size"] == "x.yaml:3"
    assert without_smoke.origins["train.log_every"] == "lower.yaml:4"


def test_a_flag_of_a_verb_comes_after_set():
    loaded = load(
        "distill",
        settings=["distill.strategy=joint"],
        flags={"--strategy": ("distill.strategy", "auxiliary")},
    )
    assert loaded.recipe.distill.strategy == "auxiliary"
    assert loaded.origins["distill.strategy"] == "--strategy"


def test_a_recipe_is_frozen():
    recipe = load("distill").recipe
    with pytest.raises(ValidationError):
        recipe.seed = 1


def test_numbers_are_numbers_and_words_stay_words(write):
    write(
        "task:\n  source: file\n  train: x.tsv\n  labels: [yes, no, on]\ntrain:\n  optimizer:\n    learning_rate: 3e-4\n"
    )
    recipe = load("finetune", "x.yaml").recipe
    assert recipe.train.optimizer.learning_rate == 3e-4
    assert recipe.task.labels == ["yes", "no", "on"]


def test_a_setting_is_split_at_its_first_equals_sign():
    assert load("distill", settings=["teacher=runs/a=b"]).recipe.teacher == "runs/a=b"


def test_another_source_replaces_the_whole_section(write):
    write("corpus:\n  source: files\n  globs: [a.txt]\n", "lower.yaml")
    write("extends: lower.yaml\ncorpus:\n  source: installed_docs\n  packages: [keras]\n")
    loaded = load("prepare", "x.yaml")
    assert loaded.values()["corpus"] == {"source": "installed_docs", "packages": ["keras"]}
    assert [path for path in loaded.origins if path.startswith("corpus.")] == [
        "corpus.source",
        "corpus.packages",
    ]


def test_the_same_source_keeps_the_other_keys(write):
    write("corpus:\n  source: files\n  globs: [a.txt]\n  text: body\n", "lower.yaml")
    write("extends: lower.yaml\ncorpus:\n  globs: [b.txt]\n")
    loaded = load("prepare", "x.yaml")
    assert loaded.values()["corpus"] == {
        "source": "files",
        "globs": ["b.txt"],
        "text": "body",
        "where": None,
        "deduplicate": None,
    }
    assert loaded.origins["corpus.text"] == "lower.yaml:4"


def test_settings_may_name_the_source_after_its_keys():
    loaded = load("finetune", settings=["task.train=x.tsv", "task.source=file"])
    assert loaded.recipe.task.train == "x.tsv"


def test_setting_a_section_replaces_it():
    loaded = load("train-teacher", settings=["train.steps=5", "train={batch_size: 8}"])
    assert (loaded.recipe.train.steps, loaded.recipe.train.batch_size) == (10_000, 8)
    assert (loaded.origins["train.steps"], loaded.origins["train.batch_size"]) == ("default", "--set")


def test_a_section_set_in_part_keeps_the_defaults_of_its_verb():
    assert load("distill", settings=["model.changes.num_layers=6"]).recipe.model.changes.num_layers == 6


def test_the_resolved_values_load_as_the_same_recipe(write):
    loaded = load("finetune", "sst2", ["train.epochs=2"])
    write(yaml.safe_dump(loaded.values()))
    assert load("finetune", "x.yaml").recipe == loaded.recipe


def test_all_mistakes_are_told_at_once_from_top_to_bottom(write):
    write(
        "vocabulary:\n  size: 3\n  lowercase: yes\n  sizee: 4\nstor: 1\nbatch_size: 3\n"
        "corpus:\n  source: installed_docs\n  globs: [a]\n"
    )
    assert said("prepare", "x.yaml", ["store.workers=many"]) == (
        "The recipe prepare/x has 7 mistakes:\n"
        "  x.yaml:2: vocabulary.size must be a whole number from 1000 to 1000000. Received: 3\n"
        "  x.yaml:3: vocabulary.lowercase must be true or false. Received: yes\n"
        "  x.yaml:4: vocabulary.sizee: unknown key. Did you mean vocabulary.size?\n"
        "  x.yaml:5: stor: unknown key. Did you mean store?\n"
        "  x.yaml:6: batch_size: unknown key. It belongs to recipes of predict.\n"
        "  x.yaml:9: corpus.globs: only for corpus.source: files. Received: corpus.source: installed_docs\n"
        "  --set: store.workers must be a whole number of 1 or more, or null. Received: many"
    )


def test_a_missing_section_is_told(write):
    assert said("prepare", write("store: {}\n")) == (
        "x.yaml: corpus is missing: it must be a section with source: files, tfds, installed_docs or mix."
    )


def test_a_section_that_is_a_list_is_told_with_its_line(write):
    assert said("prepare", write("\ncorpus:\n- a\n")) == (
        "x.yaml:2: corpus must be a section with source: files, tfds, installed_docs or mix. Received: [a]"
    )


def test_a_key_that_stands_twice_is_told_with_both_lines(write):
    write("corpus:\n  source: installed_docs\n\ncorpus:\n  source: files\n")
    assert said("prepare", "x.yaml") == "x.yaml:4: the key corpus is already given in line 1"


def test_extending_what_extends_is_refused(write):
    write("extends: quickstart\n", "lower.yaml")
    write("seed: 1\nextends: lower.yaml\n")
    assert said("distill", "x.yaml") == (
        "x.yaml:2: a recipe can extend only one that extends none. Received: lower.yaml, which extends quickstart"
    )


def test_extending_an_unknown_recipe_is_refused_with_the_line(write):
    assert said("eval", write("extends: quickstrt\n")) == (
        "x.yaml:1: eval has the recipes quickstart. Did you mean quickstart? Received: quickstrt"
    )


def test_extends_takes_only_a_name(write):
    assert said("eval", write("extends: [a]\n")) == (
        "x.yaml:1: extends must be the name or the path of a recipe. Received: [a]"
    )


def test_a_path_behind_extends_starts_from_the_file(tmp_path, write):
    (tmp_path / "inner").mkdir()
    write("seed: 3\n", "inner/lower.yaml")
    write("extends: lower.yaml\n", "inner/upper.yaml")
    assert load("distill", "inner/upper.yaml").recipe.seed == 3


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("seed=-1", "`mbert recipe explain seed` tells more about it."),
        ("zzz=1", "`mbert recipe explain distill` lists all keys."),
    ],
)
def test_the_hint_names_the_command_that_explains(setting, hint):
    with pytest.raises(UserError) as error:
        load("distill", settings=[setting])
    assert error.value.hint == hint


def test_loading_imports_neither_keras_nor_tensorflow_nor_numpy():
    code = (
        "import sys; from mbert_cli.recipe.loading import load; load('distill'); "
        "print([name for name in ('keras', 'tensorflow', 'numpy', 'jax', 'torch') if name in sys.modules])"
    )
    checkout = str(Path(mbert_cli.__file__).parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": checkout},
    )  # fmt: skip
    assert answer.stdout.strip() == "[]"


def test_an_item_of_a_list_is_changed_in_a_file(write):
    path = write("corpus: {source: mix, mix: [{source: files, globs: [a.txt]}]}")
    with pytest.raises(UserError) as caught:
        load("prepare", str(path), ["corpus.mix.0.weight=2"])
    assert caught.value.message == (
        "--set: corpus.mix is a list, whose items are changed in a file of your own; --set 'corpus.mix=[...]' replaces "
        "all of them."
    )
