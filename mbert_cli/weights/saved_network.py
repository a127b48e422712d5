"""A run's `final/` directory <-> a Keras network with its vocabulary."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras

from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.task_head import TaskHead
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import save_arrays
from mbert_cli.weights.saved_model import SavedModel, require_masked_language_model
from mbert_cli.weights.variables import assign_variables, read_variables


def save_network(
    directory: Path, network: keras.Model, description: ModelDescription, vocabulary: Vocabulary
) -> None:
    """Writes weights, `model.json` and the vocabulary into an existing directory.

    Args:
        directory: Receives the files.
        network: The network whose weights are saved.
        description: What the network is.
        vocabulary: Its vocabulary, from memory: where it was read from may be gone after a long training.
    """
    save_arrays(directory, read_variables(network), description)
    vocabulary.save(directory / VOCABULARY_FILE)


def load_teacher(
    model: SavedModel,
    precision: str = "float32",
    *,
    predicts: bool = True,
    returns_projections: bool = False,
) -> keras.Model:
    """Builds the network of a pre-trained run with its weights.

    Args:
        model: The run.
        precision: float32 or bfloat16, of the layers.
        predicts: Whether it has the heads of pre-training, of which that for the next sentence may be missing, or
            is the encoder alone.
        returns_projections: As for `build_encoder`.

    Raises:
        UserError: It is to predict and cannot, as `require_masked_language_model` says.
    """
    description = model.description
    build: Callable[..., keras.Model] = build_encoder
    weights = {name: array for name, array in model.weights.items() if name.startswith("encoder/")}
    if predicts:
        require_masked_language_model(model)
        build = partial(build_pretraining_network, next_sentence="next_sentence" in model.heads)
        weights = dict(model.weights)
    network = build(
        description.size,
        vocab_size=description.vocabulary.size,
        seed=None,
        dtype=dtype_policy(precision),
        returns_projections=returns_projections,
    )
    assign_variables(network, weights, allow_unused=("pooler",))
    return network


def load_task_network(
    model: SavedModel,
    head: TaskHead,
    precision: str = "float32",
    *,
    returns_trace: bool = False,
    returns_projections: bool = False,
) -> keras.Model:
    """Builds the task model of a run with its weights.

    Args:
        model: The run's result.
        head: The head of its task.
        precision: float32 or bfloat16, of the layers.
        returns_trace, returns_projections: As in `build_task_network`.
    """
    description = model.description
    network = build_task_network(
        description.size,
        head=head,
        vocab_size=description.vocabulary.size,
        num_outputs=len(description.output_names or ()),
        seed=None,
        dtype=dtype_policy(precision),
        returns_trace=returns_trace,
        returns_projections=returns_projections,
    )
    assign_variables(network, model.weights)
    return network


def dtype_policy(precision: str) -> str:
    """The Keras policy of a recipe's `train.precision`: weights stay float32."""
    return "mixed_bfloat16" if precision == "bfloat16" else "float32"
