"""The files of a run's `final/` directory that need no Keras: weights as arrays, description, vocabulary."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mbert_cli.data.vocabulary import Vocabulary, load_vocabulary
from mbert_cli.errors import UserError
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.store import save_weights

WEIGHTS = "weights.safetensors"
VOCABULARY = "vocab.txt"


def save_arrays(directory: Path, arrays: Mapping[str, np.ndarray], description: ModelDescription) -> None:
    """Writes weights given by canonical name, and `model.json`."""
    save_weights(directory / WEIGHTS, arrays, {"verb": description.verb})
    description.save(directory)


def describe_vocabulary(vocabulary: Vocabulary) -> VocabularyDescription:
    """What a model remembers of its vocabulary."""
    return VocabularyDescription(
        size=vocabulary.size, lowercase=vocabulary.lowercase, digest=vocabulary.digest
    )


def load_run_vocabulary(final: Path, description: ModelDescription) -> Vocabulary:
    """The vocabulary that lies beside the weights.

    Raises:
        UserError: It is not the one that the model was trained with.
    """
    vocabulary = load_vocabulary(final / VOCABULARY, description.vocabulary.lowercase)
    if vocabulary.digest != description.vocabulary.digest:
        raise UserError(
            f"A model is read with the {description.vocabulary.size:,} tokens it was trained with. "
            f"Received: {final / VOCABULARY} with {vocabulary.size:,} tokens, which are others.",
            "Restore the file from the run that the model comes from.",
        )
    return vocabulary
