"""Runs, tables and machines that pre-flights look at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.model.options import SIZES
from mbert_cli.preflight import memory
from mbert_cli.preflight.resolving import inspect
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary, save_arrays
from tests.corpus.store_writing import write_store

VOCABULARY = Vocabulary((*LEADING_TOKENS, *(f"w{number}" for number in range(8000 - len(LEADING_TOKENS)))))


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def make_run() -> Callable[..., Path]:
    """Makes a complete run with one weight, whose name is all that a look reads of weights."""

    def make(verb, size="ib_bert_laptop", task=None, head="masked_language_model"):
        description = ModelDescription(
            verb=verb,
            size=SIZES[size],
            vocabulary=describe_vocabulary(VOCABULARY),
            output_names=["keras", "numpy"] if task else None,
            task=task,
        )

        def write(folder):
            save_arrays(folder, {f"{head}/output/bias": np.zeros(1, np.float32)}, description)
            VOCABULARY.save(folder / VOCABULARY_FILE)

        with RunDir.open(Path("runs", verb), verb, {"seed": 0}, fresh=False, origin={}) as run:
            run.finish(write)
        return run.path

    return make


@pytest.fixture
def make_store() -> Callable[..., Path]:
    """Makes a `prepare` run whose store holds one document in the vocabulary of `make_run`."""

    def make(lowercase=True):
        vocabulary = replace(VOCABULARY, lowercase=lowercase)
        document = Document("a", ["w1 w2. w3 w4."])
        with RunDir.open(Path("runs", "prepare"), "prepare", {"seed": 0}, fresh=False, origin={}) as run:
            run.finish(lambda folder: write_store(folder, iter([document]), vocabulary, StoreOptions()))
        return run.path

    return make


@pytest.fixture
def checks() -> Callable[..., dict[str, tuple[bool, str]]]:
    """What is found for a recipe: whether it passed, and the finding, by the name of what was looked at."""

    def find(verb, recipe="quickstart", *settings):
        found = inspect(invoke(verb, recipe, settings, {}))
        return {one.name: (one.passed, one.text) for one in found}

    return find


@pytest.fixture
def table() -> Callable[..., None]:
    """Writes a file of lines."""

    def write(name, *lines):
        Path(name).write_text("\n".join(lines) + "\n")

    return write


@pytest.fixture
def small_machine(monkeypatch) -> None:
    """A machine of 24 GB without an accelerator."""
    monkeypatch.setattr(memory, "machine_bytes", lambda: 24_000_000_000)
    monkeypatch.setattr(memory, "computes_on_accelerator", lambda: False)
