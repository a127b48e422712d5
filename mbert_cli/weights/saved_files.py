"""The files of a run's `final/` directory that need no Keras: weights as arrays, description, vocabulary."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.text.matched_tokens import FILE as MATCHED
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.store import save_weights

WEIGHTS = "weights.safetensors"
VOCABULARY = "vocab.txt"


def save_arrays(directory: Path, arrays: Mapping[str, np.ndarray], description: ModelDescription) -> None:
    """Writes weights given by canonical name, and `model.json`."""
    save_weights(directory / WEIGHTS, arrays, {"verb": description.verb})
    description.save(directory)


def copy_vocabulary(source: Path, directory: Path) -> None:
    """Copies a vocabulary, with what lies beside it of how its tokens are matched.

    Args:
        source: The vocabulary's file.
        directory: Receives the files.
    """
    shutil.copyfile(source, directory / VOCABULARY)
    if source.with_name(MATCHED).exists():
        shutil.copyfile(source.with_name(MATCHED), directory / MATCHED)


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
    vocabulary = load_vocabulary(final / VOCABULARY, expected.lowercase)
    if vocabulary.digest == expected.digest:
        return vocabulary
    if expected.matched and not (final / MATCHED).exists():
        raise UserError(
            f"A model is read with {MATCHED} beside {VOCABULARY} where its vocabulary has tokens that are matched "
            f"before words are cut. Received: {final} without it",
            "Restore the file from the run that the model comes from.",
        )
    raise UserError(
        f"A model is read with the {expected.size:,} tokens it was trained with. "
        f"Received: {final / VOCABULARY} with {vocabulary.size:,} tokens, which are others or matched otherwise.",
        "Restore the files from the run that the model comes from.",
    )
