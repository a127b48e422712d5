"""Word vectors trained on a token store."""

import numpy as np
import pytest

from mbert_cli.augment.options import TrainedVectors
from mbert_cli.augment.trained_vectors import (
    StoreSentences,
    count_documents,
    require_gensim,
    train_vectors,
)
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.store import TokenStore
from mbert_cli.corpus.store_writing import write_store
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary

VOCABULARY = Vocabulary(
    (*LEADING_TOKENS, "cats", "dogs", "cars", "sle", "##ep", "dri", "##ve", "the", ".", "7", "fast")
)
OPTIONS = TrainedVectors(source="store", dimension=8, epochs=3, min_count=2)


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


def test_sentences_are_words_put_together_without_numbers_and_marks(store):
    told: list[int] = []
    sentences = list(StoreSentences(store, told.append))
    assert {tuple(sentence) for sentence in sentences} == {
        ("the", "cats", "sleep"), ("the", "dogs", "sleep"), ("cars", "drive", "fast"),
    }  # fmt: skip
    assert told == [100]
    assert count_documents(store, OPTIONS) == 4 * len(store.documents("train"))


def test_words_of_like_company_are_neighbours_and_every_training_gives_the_same(store):
    pytest.importorskip("gensim")
    options = OPTIONS.model_copy(update={"epochs": 20})
    table = train_vectors(store, options, seed=1)
    assert set(table.words) == {"the", "cats", "dogs", "sleep", "cars", "drive", "fast"}
    cats, dogs, fast = (table.directions[table.find(word)] for word in ("cats", "dogs", "fast"))
    assert cats @ dogs > cats @ fast + 0.1
    assert np.array_equal(train_vectors(store, options, seed=1).directions, table.directions)
    assert not np.array_equal(train_vectors(store, options, seed=2).directions, table.directions)


def test_a_text_without_frequent_words_is_told(store):
    pytest.importorskip("gensim")
    require_gensim()
    with pytest.raises(
        UserError, match=r"as often as vectors\.min_count says\. Received: 1000000, and no word"
    ):
        train_vectors(store, OPTIONS.model_copy(update={"min_count": 1_000_000}), seed=1)
