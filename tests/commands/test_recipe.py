"""`mbert recipe` from the command line."""

from pathlib import Path

import pytest

from mbert_cli import cli
from mbert_cli.commands.recipe import copy_recipe
from mbert_cli.errors import UserError
from mbert_cli.recipe.files import recipe_names, recipes_folder
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import RECIPES


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as ending:
            cli.main(["recipe", *words])
        captured = capsys.readouterr()
        lines = [" ".join(line.split()) for line in captured.out.splitlines()]
        return ending.value.code or 0, lines, captured.err

    return run


def test_list_shows_every_recipe_with_the_first_line_of_its_header(run):
    code, lines, _ = run("list")
    assert code == 0
    assert lines[0] == "verb recipe what it is"
    assert [line.split()[:2] for line in lines[2:-1]] == [
        [verb, name] for verb in RECIPES for name in recipe_names(verb)
    ]
    assert "finetune sst2 SST-2: is the sentence of a film review positive or negative?" in lines


def test_show_prints_values_with_their_origin(run):
    assert run("show", "predict", "--set", "batch_size=8") == (
        0,
        ["batch_size: 8 # --set", "task: null # default"],
        "",
    )


def test_explain_prints_one_key(run):
    code, lines, _ = run("explain", "predict", "batch_size")
    assert code == 0
    assert lines == [
        "batch_size",
        "what it is Texts per forward pass; an artifact always takes one.",
        "takes a whole number of 1 or more",
        "default 32",
        "recipes of predict",
        "",
    ]


def test_explain_model_size_lists_the_sizes(run):
    _, lines, _ = run("explain", "model.size")
    assert "mobilebert 24 512 128 4 512 4 128 no_norm relu" in lines


def test_explain_without_a_key_prints_the_tree(run):
    _, lines, _ = run("explain", "predict")
    assert lines[:5] == [
        "predict: run or artifact, text -> labels",
        "key default what it is",
        lines[2],
        "batch_size 32 Texts per forward pass; an artifact always takes one.",
        "task The task that the run was fine-tuned for; set single keys of it to change them.",
    ]


def test_explain_takes_one_key(run):
    code, _, err = run("explain", "distill", "a", "b")
    assert code == 2
    assert err == (
        "Error: One key is explained at a time. Received: a b\nHint: mbert recipe explain [VERB] [RECIPE] [KEY]\n"
    )


def test_check_of_what_can_run_exits_0(run):
    code, lines, err = run("check", "prepare")
    assert (code, err) == (0, "")
    assert lines[3:8] == [
        "recipe ok prepare/quickstart is valid",
        "backend ok tensorflow",
        "corpus ok installed_docs",
        "vocabulary ok 8,000 tokens, trained on the corpus",
        "disk ok room for 64.0 MB in runs/prepare-quickstart",
    ]


def test_check_of_what_cannot_run_exits_2_and_says_why(run):
    code, lines, err = run("check", "finetune", "file")
    assert code == 2
    assert lines[3:7] == [
        "recipe ok finetune/file is valid",
        "backend ok tensorflow",
        "source failed `mbert finetune` needs a complete distill or train-teacher run. Received: none in runs.",
        "task failed task.train must be a file. Received: train.tsv",
    ]
    assert err == (
        "Error: All checks must pass before `mbert finetune file` can run. Received: 2 of 4 that failed\n"
        "Hint: Make one with `mbert train-teacher`, or name one with --set source=DIR.\n"
        "      Set task.train to an existing file.\n"
    )


def test_an_unknown_verb_lists_the_verbs(run):
    code, _, err = run("show", "distil")
    assert code == 2
    assert err == (
        "Error: The verb must be one of prepare, train-teacher, distill, finetune, eval, predict, export-tflite, "
        "bench. Received: distil\nHint: `mbert recipe list`\n"
    )


def test_a_copy_is_the_same_recipe_and_can_be_run(run):
    code, _, err = run("copy", "distill/quickstart", "mine.yaml")
    assert (code, err) == (0, "Copied to mine.yaml; run it with `mbert distill mine.yaml`\n")
    assert Path("mine.yaml").read_bytes() == (recipes_folder() / "distill" / "quickstart.yaml").read_bytes()
    assert load("distill", "mine.yaml").recipe == load("distill").recipe


def test_a_copy_to_a_folder_keeps_its_name():
    Path("mine").mkdir()
    copy_recipe(["distill/quickstart", "mine"], parents=False)
    assert Path("mine/quickstart.yaml").is_file()


def test_a_copy_makes_folders_only_when_told():
    with pytest.raises(UserError) as error:
        copy_recipe(["distill/quickstart", "a/b/mine.yaml"], parents=False)
    assert (error.value.message, error.value.hint) == (
        "The folder of the copy must exist. Received: a/b", "--parents makes it.")  # fmt: skip
    assert not Path("a").exists()
    copy_recipe(["distill/quickstart", "a/b/mine.yaml"], parents=True)
    assert Path("a/b/mine.yaml").is_file()


def test_a_copy_overwrites_nothing():
    Path("mine.yaml").write_text("seed: 1\n")
    with pytest.raises(UserError) as error:
        copy_recipe(["distill/quickstart", "mine.yaml"], parents=False)
    assert error.value.message == "A copy must not overwrite a file. Received: mine.yaml"
    assert Path("mine.yaml").read_text() == "seed: 1\n"


def test_a_copy_must_have_the_ending_by_which_a_file_is_known():
    with pytest.raises(UserError) as error:
        copy_recipe(["distill/quickstart", "mine.txt"], parents=False)
    assert error.value.message == "A recipe's file name must end in .yaml. Received: mine.txt"


@pytest.mark.parametrize("command", ["show", "explain"])
def test_a_recipe_is_named_by_one_word_or_two(run, command):
    one, two = run(command, "finetune/file"), run(command, "finetune", "file")
    assert one == two
    assert one[0] == 0
    assert run(command, "finetune", "finetune/file") == one


def test_check_and_copy_take_one_word_or_two(run):
    assert (
        run("check", "prepare/quickstart") == run("check", "prepare", "quickstart") == run("check", "prepare")
    )
    assert run("copy", "distill", "quickstart", "one.yaml")[0] == 0
    assert run("copy", "distill/quickstart", "two.yaml")[0] == 0
    assert Path("one.yaml").read_bytes() == Path("two.yaml").read_bytes()


def test_a_file_of_ones_own_is_a_recipe_everywhere(run):
    run("copy", "finetune", "file", "mine.yaml")
    assert run("show", "finetune", "mine.yaml")[1][-1] == run("show", "finetune/mine.yaml")[1][-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["show", "finetune", "file", "sst2"],
            "One recipe is named at a time. Received: finetune file sst2\nHint: mbert recipe show VERB [RECIPE]",
        ),
        (
            ["copy", "finetune/file"],
            "A copy needs a recipe and a place. Received: finetune/file\nHint: mbert recipe copy VERB RECIPE DEST",
        ),
    ],
)
def test_words_too_many_or_too_few_are_told_with_the_usage(run, words, message):
    assert run(*words) == (2, [], f"Error: {message}\n")


def test_an_unknown_recipe_is_told_with_the_names(run):
    for words in (
        ["show", "finetune/fil"],
        ["show", "finetune", "fil"],
        ["copy", "finetune", "fil", "x.yaml"],
    ):
        code, _, err = run(*words)
        assert code == 2
        assert "Did you mean file? Received: fil\n" in err


def test_explain_of_a_recipe_shows_its_header_and_its_values(run):
    code, lines, _ = run("explain", "finetune", "file")
    assert (code, lines[0]) == (
        0,
        "Classify texts of your own: TSV, CSV or JSONL with a text column and a label column.",
    )
    assert any(line.startswith("train.epochs 4 Passes over the training examples.") for line in lines)


def test_explain_of_a_key_in_a_recipe_shows_its_value(run):
    _, lines, _ = run("explain", "finetune/file", "train.epochs")
    assert "in file 4" in lines


def test_a_key_wins_over_a_recipe_of_its_name(run):
    assert run("explain", "prepare", "file")[1][0] == "vocabulary.file"


def test_explain_model_size_shows_what_each_size_costs(run):
    _, lines, _ = run("explain", "model.size")
    assert "mobilebert 24,581,888 98.3 49.2 25.9 5.39 23.96" in lines
    assert any(line.startswith("bert_base 108,891,648 435.6 217.8 ") for line in lines)
    assert any(line.startswith("GFLOPs: ") for line in lines)
