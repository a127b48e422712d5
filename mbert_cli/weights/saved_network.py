"""A run's `final/` directory <-> a Keras network with its vocabulary."""

from pathlib import Path

import keras

from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.task_head import TaskHead
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import copy_vocabulary, save_arrays
from mbert_cli.weights.saved_model import SavedModel, require_masked_language_model
from mbert_cli.weights.variables import assign_variables, read_variables


def save_network(
    directory: Path, network: keras.Model, description: ModelDescription, vocabulary: Path
) -> None:
    """Writes weights, `model.json` and the vocabulary into an existing directory.

    Args:
        directory: Receives the files.
        network: The network whose weights are saved.
        description: What the network is.
        vocabulary: The vocabulary file to copy, with what lies beside it.
    """
    save_arrays(directory, read_variables(network), description)
    copy_vocabulary(vocabulary, directory)


def load_teacher(model: SavedModel, precision: str = "float32") -> keras.Model:
    """Builds the pre-training network of a run with its weights; the head for the next sentence may be missing.

    Args:
        model: The run.
        precision: float32 or bfloat16, of the layers.

    Raises:
        UserError: As `require_masked_language_model`.
    """
    require_masked_language_model(model)
    description = model.description
    network = build_pretraining_network(
        description.size,
        vocab_size=description.vocabulary.size,
        seed=None,
        dtype=dtype_policy(precision),
        next_sentence="next_sentence" in model.heads,
    )
    assign_variables(network, model.weights, allow_unused=("pooler",))
    return network


def load_task_network(model: SavedModel, head: TaskHead) -> keras.Model:
    """Builds the task model of a `finetune` run with its weights, in float32.

    Args:
        model: The run's result.
        head: The head of its task.
    """
    description = model.description
    network = build_task_network(
        description.size,
        head=head,
        vocab_size=description.vocabulary.size,
        num_outputs=len(description.output_names or ()),
        seed=None,
    )
    assign_variables(network, model.weights)
    return network


def dtype_policy(precision: str) -> str:
    """The Keras policy of a recipe's `train.precision`: weights stay float32."""
    return "mixed_bfloat16" if precision == "bfloat16" else "float32"
