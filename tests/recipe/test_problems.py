"""What is wrong with a recipe, in sentences."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.problems import USUAL_NAMES, find_key, leaves, unknown_key, wrong_choice
from mbert_cli.recipe.schema import RECIPES

pytestmark = pytest.mark.usefixtures("empty_folder")


def said(verb, *arguments, **options):
    with pytest.raises(UserError) as error:
        load(verb, *arguments, **options)
    assert error.value.exit_code == 2
    return error.value.message


@pytest.mark.parametrize(
    ("verb", "setting", "message"),
    [
        ("distill", "train.batchsize=4", "train.batchsize: unknown key. Did you mean train.batch_size?"),
        ("distill", "batch_size=4", "batch_size: unknown key. It belongs elsewhere: write train.batch_size."),
        ("distill", "train.learning_rate=1",
         "train.learning_rate: unknown key. It belongs elsewhere: write train.optimizer.learning_rate."),
        ("distill", "train.lr=1", "train.lr: unknown key. Did you mean train.optimizer.learning_rate?"),
        ("finetune", "lr=1", "lr: unknown key. Did you mean train.optimizer.learning_rate or search.learning_rate?"),
        ("finetune", "train.learning_rate=1",
         "train.learning_rate: unknown key. It belongs elsewhere: write train.optimizer.learning_rate."),
        ("finetune", "max_length=64", "max_length: unknown key. Did you mean task.sequence_length?"),
        ("finetune", "train.optimiser=lamb", "train.optimiser: unknown key. Did you mean train.optimizer.name?"),
        ("finetune", "serch=null", "serch: unknown key. Did you mean search?"),
        ("distill", "model.num_layer=3", "model.num_layer: unknown key. Did you mean model.changes.num_layers?"),
        ("distill", "train.steps=4", "train.steps: unknown key. It belongs to recipes of train-teacher."),
        ("distill", "zzz=1",
         "zzz: unknown key. The keys of a recipe of distill are seed, teacher, data, model, distill, train, hosts, plan."),
        ("distill", "train.batch_size.x=3", "train.batch_size has no keys of its own."),
        ("distill", "nokey", "a setting must be KEY=VALUE. Received: nokey"),
        ("distill", "seed=[", "seed: not YAML: expected the node content, but found '<stream end>'. Received: ["),
        ("distill", "seed=-1", "seed must be a whole number from 0 to 4294967295. Received: -1"),
        ("distill", "seed=true", "seed must be a whole number from 0 to 4294967295. Received: true"),
        ("distill", "seed=1.5", "seed must be a whole number from 0 to 4294967295. Received: 1.5"),
        ("distill", "train=null", "train must be a section. Received: null"),
        ("distill", "train=5", "train must be a section. Received: 5"),
        ("distill", "train.batch_size={a: 3}",
         "train.batch_size must be a whole number of 1 or more. Received: {a: 3}"),
        ("distill", "train.jit_compile=maybe", "train.jit_compile must be true, false or auto. Received: maybe"),
        ("distill", "train.optimizer.clip_norm=0",
         "train.optimizer.clip_norm must be a number above 0, or null. Received: 0"),
        ("distill", "train.optimizer.learning_rate=.nan",
         "train.optimizer.learning_rate must be a number above 0. Received: .nan"),
        ("finetune", "search.seed=3",
         ("search.seed must be a list of whole numbers from 0 to 4294967295, at least 1 of them, or null. "
          "Write it in brackets: [3]. Received: 3")),
        ("finetune", "task.packages=x", "task.packages must be a list of texts, or null. Write it in brackets: [x]. Received: x"),
        ("distill", "distill.layer_map=0,2,4",
         ("distill.layer_map must be a list of whole numbers of 0 or more, or null. Write it in brackets: [0,2,4]. "
          'Received: "0,2,4"')),
        ("distill", "distill.strategy=joit",
         ("distill.strategy must be one of progressive, joint, auxiliary, general, task, distilbert. "
          "Did you mean joint? Received: joit")),
        ("distill", "distill.layer_map=[0, -2]",
         "distill.layer_map must be a list of whole numbers of 0 or more, or null. Received: [0, -2]"),
        ("export-tflite", "export.quantize=[float32, flot16]",
         ("export.quantize must be float32, float16, dynamic_int8, int8, int8_full, int16x8 or int4, or a list of these. "
          "Received: [float32, flot16]")),
        ("finetune", "task.source=fil",
         "task.source must be one of installed_docs, glue, file, squad, tokens. Did you mean file? Received: fil"),
        ("finetune", "task.source=file", "task.train is missing: it must be text."),
        ("finetune", "task.folder=x",
         "task.folder: only for task.source: glue. Received: task.source: installed_docs"),
        ("eval", "task.name=sst2",
         "task.source is missing: it must be one of installed_docs, glue, file, squad, tokens, imported."),
        ("finetune", "task={source: file, train: x.tsv, labels: [a, a]}", "task: labels must be distinct"),
        ("eval", "cluster.address=ray",
         "cluster.address must be auto, local, HOST:PORT or ray://HOST:PORT. Received: ray"),
        ("finetune", "task={source: file, train: x.tsv, encoding: utf-9}",
         "task.encoding must be one that Python knows, such as utf-8, utf-16 or cp1252. Received: utf-9"),
        ("finetune", "task={source: file, train: x.tsv, delimiter: ab}",
         "task.delimiter must be one character, or \\t for a tab, and no quotation mark. Received: ab"),
        ("finetune", "search.seed=[1, 1]", "search.seed: values must be distinct. Received: 1, 1"),
        ("finetune", "task.packages=[numpy, keras, numpy]",
         "task.packages: names must be distinct. Received: numpy, keras, numpy"),
        ("prepare", "corpus.packages=[rich, rich]", "corpus.packages: names must be distinct. Received: rich, rich"),
        ("finetune", "task={source: file, train: x.tsv, kind: multi_label, label_separator: ''}",
         "task.label_separator must be text that is not empty. Received: \"\""),
        ("distill", "model.changes.num_heads=7",
         "model: the width inside a block (64) must be a multiple of num_heads (7)"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(verb, setting, message):
    assert said(verb, settings=[setting]) == f"--set: {message}"


def test_the_usual_names_stand_for_keys_that_there_are():
    known = {key.path.rpartition(".")[2] for verb in RECIPES for key in keys_of(verb)}
    assert set(USUAL_NAMES.values()) <= known


def test_an_unknown_size_is_told_with_the_sizes_there_are():
    assert said("distill", settings=["model.size=mobilbert"]) == (
        "--set: model.size must be one of bert_base, bert_large, distilbert_6, ib_bert_laptop, ib_bert_large, "
        "mobilebert, mobilebert_laptop, mobilebert_no_opt, mobilebert_tiny, tinybert_4, tinybert_6. "
        "Did you mean mobilebert? Received: mobilbert"
    )


def test_values_are_found_with_their_paths():
    values = {"a": 1, "b": {"c": [1, 2], "d": {"e": None}}, "f": {}}
    assert list(leaves(values)) == [("a", 1), ("b.c", [1, 2]), ("b.d.e", None)]


def test_a_key_is_that_of_the_chosen_variant():
    for source, default in (("glue", 128), ("squad", 384)):
        values = {"task": {"source": source, "sequence_length": 8}}
        assert find_key("finetune", "task.sequence_length", values).default == default


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("joit", "x must be one of joint, auxiliary. Did you mean joint? Received: joit"),
        ("zzz", "x must be one of joint, auxiliary. Received: zzz"),
        (3, "x must be one of joint, auxiliary. Received: 3"),
    ],
)
def test_a_wrong_choice_is_told_with_those_there_are(value, sentence):
    assert wrong_choice("x", ["joint", "auxiliary"], value) == sentence


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("train.setps", "train.setps: unknown key. Did you mean train.steps?"),
        ("optimizer.learning_rat",
         "optimizer.learning_rat: unknown key. Did you mean train.optimizer.learning_rate?"),
        ("distill.strategy", "distill.strategy: unknown key. It belongs to recipes of distill."),
        ("train.zzz", "train.zzz: unknown key. The keys of train are steps, batch_size."),
    ],
)  # fmt: skip
def test_an_unknown_key_is_told_with_the_one_that_is_meant(path, sentence):
    assert unknown_key("train-teacher", path, ["steps", "batch_size"]) == sentence


def test_numbers_in_a_recipe_that_are_meant_as_texts_are_told_how_to_be_written(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("teacher: 5\n")
    assert said("distill", str(path)) == (
        f'{path}:1: teacher must be text, or null. Write it in quotes: "5". Received: 5'
    )
    path.write_text("task:\n  packages: [0, x]\n")
    assert said("finetune", str(path)) == (
        f'{path}:2: task.packages must be a list of texts, or null. Write each in quotes: ["0", "x"]. Received: [0, x]'
    )


@pytest.mark.parametrize(
    ("verb", "setting", "sentence"),
    [
        ("predict", "train.epochs=3", "train.epochs: unknown key. It belongs to recipes of distill, finetune."),
        ("predict", "train.batch_size=3", "train.batch_size: unknown key. It belongs elsewhere: write batch_size."),
        ("eval", "search.epochs=[1]", "search.epochs: unknown key. It belongs to recipes of finetune."),
        ("distill", "trian.batch_size=3",
         "trian.batch_size: unknown key. It belongs elsewhere: write train.batch_size."),
        ("distill", "distill.progresive.warmup_rat=0.2",
         "distill.progresive.warmup_rat: unknown key. Did you mean distill.warmup_rate?"),
        ("distill", "distill.progressive.warmup_rate=0.2",
         "distill.progressive.warmup_rate: unknown key. It is distill.warmup_rate now."),
        ("distill", "foo.zzzz=1",
         "foo.zzzz: unknown key. The keys of a recipe of distill are seed, teacher, data, model, distill, train, hosts, plan."),
    ],
)  # fmt: skip
def test_a_key_in_a_section_that_a_verb_has_not_is_told_by_its_whole_path(verb, setting, sentence):
    assert said(verb, settings=[setting]) == f"--set: {sentence}"


@pytest.mark.parametrize("verb", RECIPES)
def test_what_is_proposed_for_a_key_of_another_verb_is_that_key(verb):
    """Either its verbs are told, or keys with its name that this verb has."""
    own = {key.path for key in keys_of(verb)}
    others = {
        key.path for other in RECIPES for key in keys_of(other)
        if key.path not in own and not key.is_section and "." in key.path and key.path.partition(".")[0] not in own
    }  # fmt: skip
    for path in others:
        sentence = said(verb, settings=[f"{path}=1"]).removeprefix(f"--set: {path}: unknown key. ")
        if "write" in sentence:
            proposed = sentence.removeprefix("It belongs elsewhere: write ").removesuffix(".").split(" or ")
            assert set(proposed) <= own and {key.rpartition(".")[2] for key in proposed} == {
                path.rpartition(".")[2]
            }
        else:
            assert sentence.startswith("It belongs to recipes of "), (path, sentence)
