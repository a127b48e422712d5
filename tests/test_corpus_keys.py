"""Every key of a corpus, for every source that has it: setting it changes which texts are read."""

import json
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf

from mbert_cli.corpus.corpus import documents
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load

CORPUS = {
    "files": {"globs": ["o.csv.txt"], "text": "other", "where": "n > 1"},
    "tfds": {"dataset": "another", "split": "test", "text_feature": "body", "data_dir": "d"},
    "installed_docs": {"packages": ["typer"]},
}  # fmt: skip
"""Another value for each key of a corpus."""

OWN_CORPUS = {"files": {"globs": ["c.jsonl"]}, "tfds": {}, "installed_docs": {"packages": ["safetensors"]}}


def test_every_key_of_every_corpus_has_another_value_to_try():
    keys = [key for key in keys_of("prepare") if key.path.startswith("corpus.") and not key.is_discriminator]
    assert {(key.variant.partition(": ")[2], key.path.partition(".")[2]) for key in keys} == {
        (source, name) for source, values in CORPUS.items() for name in values
    } | {(source, "deduplicate") for source in ("files", "tfds", "mix")} | {
        ("mix", "mix")
    }  # tests/corpus/test_pieces.py and test_mixing.py: of what is read


@pytest.fixture
def _prepared_texts(monkeypatch):
    """A data set for each way to name one, with a text that says how it was named."""

    def find(name: str, data_dir: str | None, section: str) -> SimpleNamespace:
        feature = SimpleNamespace(np_dtype=object, shape=())
        return SimpleNamespace(
            name=f"{name} in {data_dir}", info=SimpleNamespace(features={"text": feature, "body": feature})
        )

    def read(builder: SimpleNamespace, split: str, data_dir: str | None, section: str) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensors(
            {name: f"{name} of {split} of {builder.name}" for name in ("text", "body")}
        )

    monkeypatch.setattr("mbert_cli.corpus.tfds.find_builder", find)
    monkeypatch.setattr("mbert_cli.corpus.tfds.open_split", read)


@pytest.mark.usefixtures("empty_folder", "_prepared_texts")
@pytest.mark.parametrize(("source", "name"), [(source, name) for source in CORPUS for name in CORPUS[source]])
def test_a_key_of_a_corpus_changes_what_is_read(source, name):
    Path("o.csv.txt").write_text("another text\n")
    Path("c.jsonl").write_text('{"text": "one", "other": "two", "n": 1}\n')

    def read(values: dict) -> list:
        settings = [f"corpus.{key}={json.dumps(value)}" for key, value in values.items()]
        corpus = load("prepare", settings=[f"corpus.source={source}", *settings]).recipe.corpus
        return [document.paragraphs for document in islice(documents(corpus), 3)]

    own = OWN_CORPUS[source]
    assert read(own | {name: CORPUS[source][name]}) != read(own)
