"""What `mbert recipe explain` tells: keys, the values that a recipe gives them, and what a size costs."""

import pytest

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_explain_prints_one_key(recipe_command):
    code, lines, _ = recipe_command("explain", "predict", "batch_size")
    assert code == 0
    assert lines == [
        "batch_size",
        "what it is Texts per forward pass; an artifact always takes one.",
        "takes a whole number of 1 or more",
        "default 32",
        "recipes of predict",
        "",
    ]


def test_explain_model_size_lists_the_sizes(recipe_command):
    _, lines, _ = recipe_command("explain", "model.size")
    assert "mobilebert 24 512 128 4 512 4 128 no_norm relu" in lines


def test_explain_without_a_key_prints_the_tree(recipe_command):
    _, lines, _ = recipe_command("explain", "predict")
    assert lines[:5] == [
        "predict: run or artifact, text -> labels",
        "key default what it is",
        lines[2],
        "batch_size 32 Texts per forward pass; an artifact always takes one.",
        "task The task that the run was fine-tuned for; set single keys of it to change them.",
    ]


def test_explain_takes_one_key(recipe_command):
    code, _, err = recipe_command("explain", "distill", "a", "b")
    assert code == 2
    assert err == (
        "Error: One key is explained at a time. Received: a b\nHint: mbert recipe explain [VERB] [RECIPE] [KEY]\n"
    )


def test_explain_of_a_recipe_shows_its_header_and_its_values(recipe_command):
    code, lines, _ = recipe_command("explain", "finetune", "file")
    assert (code, lines[0]) == (
        0,
        "Classify texts of your own: TSV, CSV or JSONL with a text column and a label column.",
    )
    assert any(line.startswith("train.epochs 4 Passes over the training examples.") for line in lines)


def test_explain_of_a_key_in_a_recipe_shows_its_value(recipe_command):
    _, lines, _ = recipe_command("explain", "finetune/file", "train.epochs")
    assert "in file 4" in lines


def test_a_key_wins_over_a_recipe_of_its_name(recipe_command):
    assert recipe_command("explain", "prepare", "file")[1][0] == "vocabulary.file"


def test_explain_model_size_shows_what_each_size_costs(recipe_command):
    _, lines, _ = recipe_command("explain", "model.size")
    assert "mobilebert 24,581,888 98.3 49.2 25.9 13.8 5.39 23.96" in lines
    assert any(line.startswith("bert_base 108,891,648 435.6 217.8 ") for line in lines)
    assert any(line.startswith("GFLOPs: ") for line in lines)


def test_explain_of_a_strategy_shows_the_keys_that_count_for_it(recipe_command):
    code, lines, _ = recipe_command("explain", "distill", "--set", "distill.strategy=general")
    keys = {line.split()[0] for line in lines if line.startswith(("distill.", "teacher "))}
    assert (code, lines[2]) == (0, "mbert distill quickstart_general")
    assert {"distill.steps", "distill.masks_text", "distill.factors.hidden_states"} < keys
    assert not {"distill.transfer_steps", "distill.temperature", "distill.copied_layers"} & keys
    _, lines, _ = recipe_command("explain", "distill", "--set", "distill.strategy=task")
    assert "teacher null A fine-tuned run; null takes the newest complete one." in lines
    assert not any(line.startswith(("data.", "distill.steps")) for line in lines)


def test_explain_of_a_key_shows_its_value_with_what_is_set(recipe_command):
    _, lines, _ = recipe_command(
        "explain", "distill", "distill.steps", "--set", "distill.strategy=general", "--set", "distill.steps=7"
    )
    assert "only for distill.strategy: general or distilbert" in lines
    assert "in quickstart_general 7" in lines


def test_what_is_set_belongs_to_a_verb(recipe_command):
    code, _, err = recipe_command("explain", "temperature", "--set", "distill.strategy=task")
    assert code == 2
    assert err == (
        "Error: --set changes a recipe of a verb. Received: temperature\n"
        "Hint: mbert recipe explain VERB [RECIPE] [KEY] --set KEY=VALUE\n"
    )


@pytest.mark.parametrize(
    ("words", "unread"),
    [
        (("distill", "quickstart_task"), ["train.validate_every", "train.validation_steps"]),
        (("finetune", "sst2"), ["train.validate_every", "train.validation_steps"]),
        (
            ("distill", "mobilebert", "--set", "distill.strategy=auxiliary"),
            ["distill.transfer_learning_rate"],
        ),
    ],
)
def test_explain_of_a_recipe_leaves_out_what_nothing_reads(recipe_command, words, unread):
    code, lines, _ = recipe_command("explain", *words)
    assert code == 0
    keys = {line.split(" ")[0] for line in lines}
    assert "train.checkpoint_every" in keys
    assert not keys & set(unread)
