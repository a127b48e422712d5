"""A tiny masked LM on disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.model.options import Architecture
from mbert_cli.text.vocabulary import LEADING_TOKENS, VOCABULARY_FILE, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_model import SavedModel

WORDS = (
    "movie", "film", "good", "great", "bad", "poor", "plot", "story", "the", "was", "a", ".", ",", "1990",
    "act", "##ing", "##or", "x",
)  # fmt: skip
VOCABULARY = Vocabulary((*LEADING_TOKENS, *WORDS))
SIZE = Architecture(
    num_layers=1, hidden_dim=16, num_heads=2, intermediate_dim=16, embedding_dim=16, max_length=64,
    initializer_range=0.5,
)  # fmt: skip


@pytest.fixture(scope="session")
def make_model(tmp_path_factory) -> Callable[..., SavedModel]:
    """Writes a masked LM with random weights."""

    def make(vocabulary=VOCABULARY, size=SIZE) -> SavedModel:
        from mbert_cli.model.heads import build_pretraining_network
        from mbert_cli.weights.saved_network import save_network

        folder = tmp_path_factory.mktemp("model")
        vocabulary.save(folder / VOCABULARY_FILE)
        network = build_pretraining_network(size, vocab_size=vocabulary.size, seed=1)
        description = ModelDescription(
            verb="train-teacher", size=size, vocabulary=describe_vocabulary(vocabulary)
        )
        final = folder / "final"
        final.mkdir()
        save_network(final, network, description, load_vocabulary(folder / VOCABULARY_FILE, True))
        return SavedModel(Path("runs/teacher"), final, description)

    return make


@pytest.fixture(scope="session")
def model(make_model) -> SavedModel:
    """One of them."""
    return make_model()
