"""What stands above the encoder of a task model, as a value; it knows no Keras, so that anything may read it."""

from dataclasses import dataclass
from typing import Literal

OutputActivation = Literal["softmax", "sigmoid", "linear"]
"""What becomes of logits before they are given: probabilities of one label or of each, or nothing."""


@dataclass(frozen=True)
class TaskHead:
    """The head of a task model, and what its outputs are.

    Attributes:
        name: Of the layer, and of its weights.
        is_pooled: Whether it reads the pooled [CLS] rather than every token.
        activation: What its logits go through.
        artifact_outputs: Names of the outputs of a .tflite file: one, or one for each column of a head that reads
            every token.
    """

    name: str
    is_pooled: bool
    activation: OutputActivation
    artifact_outputs: tuple[str, ...]


CLASSIFIER = TaskHead("classifier", is_pooled=True, activation="softmax", artifact_outputs=("probabilities",))
"""Probabilities of labels of which a text has one: the head that is meant where none is named."""
