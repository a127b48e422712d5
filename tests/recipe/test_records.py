"""Recorded recipes beside those of today."""

from mbert_cli.recipe.loading import load
from mbert_cli.recipe.records import completed, validated


def test_a_complete_record_stays_as_it_is():
    loaded = load("finetune", settings=["search.seed=[1, 2]", "train.epochs=4"])
    assert completed(loaded.values(), loaded.recipe) == loaded.values()


def test_keys_that_came_later_have_their_defaults():
    loaded = load("finetune", "sst2", ["train.epochs=4"])
    recorded = loaded.values()
    del (
        recorded["task"]["train"],
        recorded["train"]["tensorboard"],
        recorded["train"]["optimizer"]["clip_norm"],
    )
    del recorded["search"], recorded["loss"]
    assert completed(recorded, loaded.recipe) == loaded.values()


def test_what_a_record_says_is_kept_and_so_is_what_is_gone():
    loaded = load("finetune", "sst2", ["train.epochs=4"])
    recorded = loaded.values() | {"seed": 5, "gone": 1, "task": {"source": "file", "train": "a.csv"}}
    found = completed(recorded, loaded.recipe)
    assert (found["seed"], found["gone"], found["task"]["source"], found["task"]["train"]) == (
        5,
        1,
        "file",
        "a.csv",
    )


def test_a_section_that_is_null_stays_null():
    loaded = load("finetune", settings=["search.seed=[1, 2]"])
    assert completed(loaded.values() | {"search": None}, loaded.recipe)["search"] is None


def test_a_record_is_shown_by_what_it_changed_where_its_recipe_is_known():
    recorded = load("finetune", "sst2", ["train.epochs=7"]).values()
    del recorded["loss"]
    assert validated("finetune", recorded)["loss"] == load("finetune", "sst2").values()["loss"]
    assert validated("finetune", recorded, exclude_defaults=True)["train"]["epochs"] == 7
    assert "loss" not in validated("finetune", recorded, exclude_defaults=True)
    for kind, known in (("finetune", {"gone": 1}), ("unknown", recorded)):
        assert validated(kind, known) == known
