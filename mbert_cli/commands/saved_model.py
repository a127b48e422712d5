"""A run's `final/` directory <-> a Keras network with its vocabulary."""

import shutil
from pathlib import Path

import keras

from mbert_cli.commands.run_files import VOCABULARY, WEIGHTS, save_arrays
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.store import load_weights
from mbert_cli.weights.variables import assign_variables, read_variables


def save_network(
    directory: Path, network: keras.Model, description: ModelDescription, vocabulary: Path
) -> None:
    """Writes weights, `model.json` and the vocabulary into an existing directory.

    Args:
        directory: Receives the files.
        network: The network whose weights are saved.
        description: What the network is.
        vocabulary: The vocabulary file to copy.
    """
    save_arrays(directory, read_variables(network), description)
    shutil.copyfile(vocabulary, directory / VOCABULARY)


def load_pretraining_network(final: Path, precision: str = "float32") -> keras.Model:
    """Builds the pre-training network of a `train-teacher` or `distill` run with its weights.

    Args:
        final: The run's `final/` directory.
        precision: float32 or bfloat16, of the layers.
    """
    description = ModelDescription.load(final)
    network = build_pretraining_network(
        description.size,
        vocab_size=description.vocabulary.size,
        seed=None,
        dtype=dtype_policy(precision),
    )
    assign_variables(network, load_weights(final / WEIGHTS))
    return network


def load_task_network(final: Path) -> keras.Model:
    """Builds the task model of a `finetune` run with its weights, in float32."""
    description = ModelDescription.load(final)
    network = build_task_network(
        description.size,
        kind=description.kind,
        vocab_size=description.vocabulary.size,
        num_labels=len(description.labels),
        seed=None,
    )
    assign_variables(network, load_weights(final / WEIGHTS))
    return network


def dtype_policy(precision: str) -> str:
    """The Keras policy of a recipe's `train.precision`: weights stay float32."""
    return "mixed_bfloat16" if precision == "bfloat16" else "float32"
