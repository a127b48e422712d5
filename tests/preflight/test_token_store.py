"""The token store that a pre-training reads."""

from types import SimpleNamespace

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.cost import USUAL_VOCABULARY
from mbert_cli.preflight.resolving import resolve
from mbert_cli.preflight.token_store import StoreRun, vocab_size_of
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs import disk


def test_a_teacher_needs_a_token_store_or_the_recipe_of_one(checks):
    assert checks("train-teacher")["token store"] == (True, "none yet; `mbert prepare quickstart` runs first")
    assert checks("train-teacher", "quickstart", "data.prepare=null")["token store"] == (
        False, "`mbert train-teacher` needs a complete prepare run. Received: none in runs",
    )  # fmt: skip


def test_what_would_stop_the_preparation_is_told_before_it(checks, monkeypatch):
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    message = "The disk must have 64.0 MB free to write runs/prepare-quickstart. Received: 1.00 kB"
    assert checks("train-teacher")["token store"] == (False, message)
    with pytest.raises(UserError) as caught:
        resolve(invoke("train-teacher", "quickstart", [], {}))
    assert caught.value.message == message


def test_a_store_that_is_there_is_opened_and_written_into_the_recipe(make_store):
    path = make_store()
    ready = resolve(invoke("train-teacher", "quickstart", [], {}))
    assert isinstance(ready.store, StoreRun)
    assert (ready.store.run.path, ready.recipe.data.run) == (path, str(path))
    assert ready.store.vocabulary.size == vocab_size_of(ready.store) == 8000


def test_a_vocabulary_that_is_not_there_yet_has_the_size_that_is_asked_for_or_the_usual_one():
    ready = resolve(invoke("train-teacher", "quickstart", [], {}))
    assert vocab_size_of(ready.store) == ready.store.recipe.vocabulary.size != USUAL_VOCABULARY
    assert vocab_size_of(None) == USUAL_VOCABULARY
