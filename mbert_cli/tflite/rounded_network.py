"""Networks that compute with the rounded numbers of an artifact, as runs that were fine-tuned with them do."""

import keras

from mbert_cli.model.heads import build_task_network, logits_alone
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.tflite.fake_quantization import FakeQuantization
from mbert_cli.tflite.roundings import Rounding
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.saved_network import load_task_network
from mbert_cli.weights.variables import assign_variables


def build_rounded_network(
    size: Architecture,
    head: TaskHead,
    rounding: Rounding,
    *,
    num_outputs: int,
    vocab_size: int,
    seed: int | None = None,
    dropout_rate: float = 0.0,
) -> keras.Model:
    """The network of a folded architecture as its artifact computes it: with its mask, and [CLS] alone at the end.

    Args: those of `build_task_network`, and
        rounding: That of the artifact's mode.
    """
    return build_task_network(
        size,
        head=head,
        num_outputs=num_outputs,
        vocab_size=vocab_size,
        seed=seed,
        dropout_rate=dropout_rate,
        dtype="float32",
        ends_in_cls=True,
        masked=rounding.masked,
    )


def load_answering_network(model: SavedModel, head: TaskHead) -> keras.Model:
    """The network of a run as it was validated: with rounded numbers if it was fine-tuned with them.

    Args:
        model: The run's result.
        head: The head of its task; one that makes vectors reads states that no range was learned for, and answers in
            float.
    """
    trained = TrainedRanges.load(model.folder) if head.pooling is None else None
    if trained is None:
        return load_task_network(model, head)
    description, rounding = model.description, trained.rounding
    network = build_rounded_network(
        description.size,
        head,
        rounding,
        num_outputs=len(description.output_names or ()),
        vocab_size=description.vocabulary.size,
    )
    assign_variables(network, model.weights)
    return with_ranges(network, FakeQuantization(network, rounding, ranges=trained.ranges))


def with_ranges(network: keras.Model, quantization: FakeQuantization) -> keras.Model:
    """A network, made of the very same layers, that returns its logits and knows its ranges as variables of its own.

    What JAX compiles sees the variables of a model as they are; all others stay what they were when it was compiled.
    """
    knowing = logits_alone(network)
    knowing.fake_quantization = quantization
    return knowing
