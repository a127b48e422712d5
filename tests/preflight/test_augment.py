"""What `mbert augment` needs: a task of whole texts, and a masked LM or word vectors."""

import importlib.util
import os
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.preflight.augment import most_bytes
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


@pytest.fixture
def folder(table) -> Path:
    """The official folder of SST-2, in small, and word vectors."""
    Path("GLUE").mkdir()
    for file in ("train.tsv", "dev.tsv"):
        table(f"GLUE/{file}", "sentence\tlabel", "a fine film\t1", "it rains\t0")
    table("vectors.txt", "film 1 0", "movie 1 1")
    return Path("GLUE")


FOLDER = "task.folder=GLUE"
VECTORS = ("vectors.source=file", "vectors.path=vectors.txt")


def ready(*settings, recipe="sst2"):
    return resolve(invoke("augment", recipe, [FOLDER, *settings] if recipe == "sst2" else list(settings), {}))


def test_the_newest_masked_lm_is_taken_and_copies_follow_from_the_task(folder, make_run):
    made = make_run("train-teacher")
    found = ready()
    assert found.recipe.masked_language_model == str(made) == str(found.model.path)
    assert found.recipe.augment.copies == 20
    assert (found.vectors, found.store, found.contents) == (None, None, None)
    assert ready("augment.copies=3").recipe.augment.copies == 3


def test_vectors_alone_need_no_run(folder):
    found = ready(*VECTORS)
    assert (found.model, found.recipe.masked_language_model) == (None, None)
    assert found.vectors.words == ["film", "movie"]


def test_a_run_that_is_named_and_vectors_are_both_taken(folder, make_run):
    found = ready(*VECTORS, f"masked_language_model={make_run('distill')}")
    assert (found.model.path, len(found.vectors)) == (Path("runs/distill"), 2)


@pytest.mark.skipif(importlib.util.find_spec("gensim") is None, reason="gensim is not installed")
def test_the_newest_store_is_trained_on(folder, make_store):
    made = make_store()
    found = ready("vectors.source=store")
    assert found.store.run.path == made
    assert found.recipe.vectors.run == str(made)


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (
            [],
            "`mbert augment` needs a complete distill or train-teacher run with a head for masked words.",
            "mbert train-teacher",
        ),
        (["vectors.source=store"], "needs a complete prepare run", "mbert prepare"),
        (["vectors.source=file", "vectors.path=gone.txt"], "vectors.path must be a file", "GloVe"),
        ([*VECTORS, "augment.stop_words=gone.txt"], "augment.stop_words must be a file", "one word per line"),
        (
            [*VECTORS, "augment.replace_probability=0"],
            "augment.replace_probability must be a number above 0 and to 1. Received: 0",
            "augment.replace_probability",
        ),
        ([*VECTORS, "task.folder=gone"], "task.folder must be a folder", "task.folder"),
    ],
)
def test_what_is_missing_is_told(folder, settings, message, hint):
    if "vectors.source=store" in settings:
        pytest.importorskip("gensim")
    with pytest.raises(UserError) as caught:
        ready(*settings)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert not Path("runs").exists()


def test_a_run_without_a_head_for_masked_words_is_refused_with_the_other_way(folder, make_run):
    make_run("train-teacher", head="next_sentence")
    with pytest.raises(UserError) as caught:
        ready("masked_language_model=runs/train-teacher")
    assert caught.value.message == (
        "Candidates come from a head for masked words. Received: runs/train-teacher with next_sentence"
    )
    assert "--set vectors.source=file" in caught.value.hint


def test_the_newest_run_that_fills_in_masked_words_is_taken(folder, make_run):
    filling = make_run("train-teacher")
    os.utime(filling / "final/manifest.json", (0, 0))
    make_run("distill", head="next_sentence")
    assert ready().model.path == filling


def test_a_row_longer_than_the_model_reads_is_refused(folder, make_run):
    make_run("train-teacher")
    with pytest.raises(UserError, match=r"Received: augment\.sequence_length 5000"):
        ready("augment.sequence_length=5000")


@pytest.mark.parametrize("source", ["squad", "tokens"])
def test_tasks_whose_labels_belong_to_words_are_refused(folder, source):
    with pytest.raises(UserError, match=f"Received: task.source: {source}, whose labels belong to words"):
        ready(f"task.source={source}", "task.train=t.json", *VECTORS, recipe="quickstart")


def test_a_missing_gensim_is_told_with_the_way_to_have_it(folder, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gensim" else find(name))
    with pytest.raises(UserError) as caught:
        ready("vectors.source=store")
    assert "the package gensim. Received: an environment without it" in caught.value.message
    assert "mbert[vectors]" in caught.value.hint


def test_keys_of_a_masked_lm_are_refused_beside_vectors_alone(folder):
    with pytest.raises(UserError, match=r"augment\.masked_share has no effect with word vectors alone"):
        ready(*VECTORS, "augment.masked_share=0.5")


def test_the_size_is_that_of_all_copies_of_what_is_copied(folder):
    found = ready(*VECTORS, "augment.copies=3")
    assert most_bytes(found.task.train, found.recipe) == 4 * (len("a fine film" + "it rains") + 16)
    less = ready(*VECTORS, "augment.copies=3", "augment.max_examples=1")
    assert most_bytes(less.task.train, less.recipe) == most_bytes(found.task.train, found.recipe) - 3 * 16
