"""Word vectors trained on a token store."""

import numpy as np
import pytest

from mbert_cli.augment import sentence_blocks, trained_vectors
from mbert_cli.augment.kept_vectors import KeptVectors
from mbert_cli.augment.options import TrainedVectors
from mbert_cli.augment.trained_vectors import VectorTraining, require_gensim
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import Interrupted, UserError
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from tests.corpus.store_writing import write_store

VOCABULARY = Vocabulary(
    (*LEADING_TOKENS, "cats", "dogs", "cars", "sle", "##ep", "dri", "##ve", "the", ".", "7", "fast")
)
OPTIONS = TrainedVectors(source="store", dimension=8, epochs=20, min_count=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> TokenStore:
    """Cats and dogs sleep, cars drive."""
    folder = tmp_path_factory.mktemp("store")
    generator = np.random.default_rng(0)
    animals, cars = ("The {} sleep.", ["cats", "dogs"]), ("{} drive 7 fast.", ["cars"])
    documents = [
        Document(str(number), [" ".join(
            form.format(generator.choice(names)) for form, names in (animals, cars) for _ in range(4)
        )])
        for number in range(150)
    ]  # fmt: skip
    write_store(folder, iter(documents), VOCABULARY, StoreOptions())
    return TokenStore(folder)


@pytest.fixture(autouse=True)
def _no_cache(tmp_path, monkeypatch):
    pytest.importorskip("gensim")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(sentence_blocks, "SENTENCE_BLOCK_TOKENS", 1000)


def training(store, key, seed=1, **changes) -> VectorTraining:
    return VectorTraining(store, OPTIONS.model_copy(update=changes), seed, KeptVectors(key, store.directory))


def train(store, key, seed=1, watch=lambda done: None, **changes) -> WordVectors:
    return training(store, key, seed, **changes).run(watch)


def test_words_of_like_company_are_neighbours_and_every_training_gives_the_same(store):
    table = train(store, "one")
    assert set(table.words) == {"the", "cats", "dogs", "sleep", "cars", "drive", "fast"}
    cats, dogs, fast = (table.directions[table.find(word)] for word in ("cats", "dogs", "fast"))
    assert cats @ dogs > cats @ fast + 0.1
    assert np.array_equal(train(store, "again").directions, table.directions)
    assert not np.array_equal(train(store, "seed", seed=2**32 + 2).directions, table.directions)
    kept = KeptVectors("one", store.directory).read()
    assert kept.words == table.words
    assert np.array_equal(kept.directions, table.directions)


def test_a_training_that_is_stopped_twice_ends_in_the_same_vectors(store):
    whole, told = train(store, "whole", epochs=10), []

    def stop(done: int) -> None:
        told.append(done)
        if len(told) in (15, 35):
            raise Interrupted("Stopped.")

    stopped = training(store, "stopped", epochs=10)
    for _ in range(2):
        with pytest.raises(Interrupted):
            stopped.run(stop)
        assert 0 < stopped.done == told[-1] < stopped.total
    assert np.array_equal(stopped.run(told.append).directions, whole.directions)
    assert (told[-1], stopped.done) == (stopped.total, 0)
    (file,) = (KeptVectors("stopped", store.directory).folder).glob("stopped*")
    assert file.name == "stopped.safetensors"


def test_a_training_that_is_killed_goes_on_from_what_was_kept_on_the_way(store, monkeypatch):
    whole, told = train(store, "whole", epochs=2), []

    def kill(done: int) -> None:
        told.append(done)
        if done > 3000:
            raise KeyboardInterrupt

    killed = training(store, "killed", epochs=2)
    with monkeypatch.context() as patched:
        patched.setattr(trained_vectors, "_KEEP_SECONDS", 0)
        with pytest.raises(KeyboardInterrupt):
            killed.run(kill)
    done = killed.done
    assert 0 < done == told[-2]
    told.clear()
    assert np.array_equal(killed.run(told.append).directions, whole.directions)
    assert min(told) == done  # while words are counted, too


def test_less_text_is_read_where_a_recipe_says_so(store):
    told: list[int] = []
    less = training(store, "less", max_tokens=2000)
    assert less.total < 0.5 * training(store, "all").total
    less.run(told.append)
    assert told[-1] == less.total
    assert told.count(0) == 2  # both blocks, while words are counted


def test_a_text_without_frequent_words_is_told(store):
    require_gensim()
    with pytest.raises(
        UserError, match=r"as often as vectors\.min_count says\. Received: 1000000, and no word"
    ):
        train(store, "none", min_count=1_000_000)
