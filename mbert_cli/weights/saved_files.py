"""The files of a run's `final/` directory that need no Keras: weights as arrays, description, vocabulary."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.runs.listing import WEIGHTS
from mbert_cli.text.matched_tokens import MATCHED_TOKENS_FILE
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.store import save_weights


def save_arrays(directory: Path, arrays: Mapping[str, np.ndarray], description: ModelDescription) -> None:
    """Writes weights given by canonical name, and `model.json`."""
    save_weights(directory / WEIGHTS, arrays, {"verb": description.verb})
    description.save(directory)


def describe_vocabulary(vocabulary: Vocabulary) -> VocabularyDescription:
    """What a model remembers of its vocabulary."""
    return VocabularyDescription(
        size=vocabulary.size,
        lowercase=vocabulary.lowercase,
        digest=vocabulary.digest,
        matched=len(vocabulary.matched),
    )


def load_run_vocabulary(final: Path, description: ModelDescription) -> Vocabulary:
    """The vocabulary that lies beside the weights.

    Raises:
        UserError: It is not the one that the model was trained with.
    """
    expected = description.vocabulary
    vocabulary = load_vocabulary(final / VOCABULARY_FILE, expected.lowercase)
    if vocabulary.digest == expected.digest:
        return vocabulary
    if expected.matched and not (final / MATCHED_TOKENS_FILE).exists():
        raise UserError(
            f"A model is read with {MATCHED_TOKENS_FILE} beside {VOCABULARY_FILE} where its vocabulary has tokens "
            f"that are matched before words are cut. Received: {final} without it",
            "Restore the file from the run that the model comes from.",
        )
    raise UserError(
        f"A model is read with the {expected.size:,} tokens it was trained with. "
        f"Received: {final / VOCABULARY_FILE} with {vocabulary.size:,} tokens, which are others or matched otherwise",
        "Restore the files from the run that the model comes from.",
    )
