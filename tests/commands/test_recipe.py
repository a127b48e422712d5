"""`mbert recipe` from the command line."""

from pathlib import Path

import pytest

from mbert_cli.commands.recipe import copy_recipe
from mbert_cli.errors import UserError
from mbert_cli.recipe.files import recipe_names, recipes_folder
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import RECIPES

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_list_shows_every_recipe_with_the_first_line_of_its_header(recipe_command):
    code, lines, _ = recipe_command("list")
    assert code == 0
    assert lines[0] == "verb recipe what it is"
    assert [line.split()[:2] for line in lines[2:-1]] == [
        [verb, name] for verb in RECIPES for name in recipe_names(verb)
    ]
    assert "finetune sst2 SST-2: is the sentence of a film review positive or negative?" in lines


def test_show_prints_values_with_their_origin(recipe_command):
    assert recipe_command("show", "predict", "--set", "batch_size=8") == (
        0,
        [
            "batch_size: 8 # --set",
            "task: null # default",
            "embedding:",
            "pooling: null # default",
            "normalize: null # default",
        ],
        "",
    )


def test_check_of_what_can_run_exits_0(recipe_command):
    code, lines, err = recipe_command("check", "prepare")
    assert (code, err) == (0, "")
    assert lines[3:9] == [
        "recipe ok prepare/quickstart is valid",
        "backend ok tensorflow",
        "corpus ok installed_docs",
        "language ok en",
        "vocabulary ok 8,000 tokens, trained on the corpus",
        "disk ok room for 64.0 MB in runs/prepare-quickstart",
    ]


def test_check_of_what_cannot_run_exits_2_and_says_why(recipe_command):
    code, lines, err = recipe_command("check", "finetune", "file")
    assert code == 2
    assert lines[3:7] == [
        "recipe ok finetune/file is valid",
        "backend ok tensorflow",
        "source failed `mbert finetune` needs a complete distill or train-teacher run. Received: none in runs",
        "task failed task.train must be a file. Received: train.tsv",
    ]
    assert err == (
        "Error: All checks must pass before `mbert finetune file` can run. Received: 2 of 4 that failed\n"
        "Hint: Make one with `mbert train-teacher`, or name one with --set source=DIR.\n"
        "      Set task.train to an existing file.\n"
    )


def test_check_takes_the_short_flags_of_verbs(recipe_command):
    flags = ("--source", "runs/none", "--run", "runs/mine")
    code, lines, _ = recipe_command("check", "finetune", "file", *flags)
    assert code == 2
    assert "source failed A run directory must exist. Received: runs/none" in lines
    code, lines, _ = recipe_command("check", "distill", "--strategy", "task", "--teacher", "runs/none")
    assert (code, lines[0]) == (2, "distill/quickstart_task")
    assert "teacher failed A run directory must exist. Received: runs/none" in lines
    code, lines, _ = recipe_command("check", "prepare", "--run", "runs/mine")
    assert (code, lines[-2]) == (0, "disk ok room for 64.0 MB in runs/mine")
    code, _, err = recipe_command("check", "prepare", "--teacher", "runs/none")
    assert code == 2
    assert "--teacher" in err


def test_an_unknown_verb_lists_the_verbs(recipe_command):
    code, _, err = recipe_command("show", "distil")
    assert code == 2
    assert err == (
        "Error: The verb must be one of prepare, train-teacher, distill, finetune, eval, predict, export-tflite, "
        "bench, augment. Received: distil\nHint: `mbert recipe list` lists the recipes of each.\n"
    )


def test_a_copy_is_the_same_recipe_and_can_be_run(recipe_command):
    code, _, err = recipe_command("copy", "distill/quickstart", "mine.yaml")
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
def test_a_recipe_is_named_by_one_word_or_two(recipe_command, command):
    one, two = recipe_command(command, "finetune/file"), recipe_command(command, "finetune", "file")
    assert one == two
    assert one[0] == 0
    assert recipe_command(command, "finetune", "finetune/file") == one


def test_check_and_copy_take_one_word_or_two(recipe_command):
    assert (
        recipe_command("check", "prepare/quickstart")
        == recipe_command("check", "prepare", "quickstart")
        == recipe_command("check", "prepare")
    )
    assert recipe_command("copy", "distill", "quickstart", "one.yaml")[0] == 0
    assert recipe_command("copy", "distill/quickstart", "two.yaml")[0] == 0
    assert Path("one.yaml").read_bytes() == Path("two.yaml").read_bytes()


def test_a_file_of_ones_own_is_a_recipe_everywhere(recipe_command):
    recipe_command("copy", "finetune", "file", "mine.yaml")
    assert (
        recipe_command("show", "finetune", "mine.yaml")[1][-1]
        == recipe_command("show", "finetune/mine.yaml")[1][-1]
    )


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
def test_words_too_many_or_too_few_are_told_with_the_usage(recipe_command, words, message):
    assert recipe_command(*words) == (2, [], f"Error: {message}\n")


def test_an_unknown_recipe_is_told_with_the_names(recipe_command):
    for words in (
        ["show", "finetune/fil"],
        ["show", "finetune", "fil"],
        ["copy", "finetune", "fil", "x.yaml"],
    ):
        code, _, err = recipe_command(*words)
        assert code == 2
        assert "Did you mean file? Received: fil\n" in err


def test_without_a_recipe_the_usual_one_of_the_strategy_is_shown(recipe_command):
    code, lines, _ = recipe_command("show", "distill", "--set", "distill.strategy=task")
    assert code == 0
    assert "strategy: task # --set" in lines
    assert any(
        line.startswith("intermediate_epochs: 1 # recipes/distill/quickstart_task.yaml:") for line in lines
    )
    assert "cache:" in lines
    assert "data:" not in lines
