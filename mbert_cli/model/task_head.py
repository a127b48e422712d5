"""What stands above the encoder of a task model, as a value without Keras, so that every room may read it."""

from dataclasses import dataclass
from typing import Literal

OutputActivation = Literal["softmax", "sigmoid", "linear"]
"""What the logits go through before a model returns them: softmax gives probabilities that add up to 1, sigmoid one for
each label, and linear leaves them as they are."""


@dataclass(frozen=True)
class TaskHead:
    """The head of a task model, and what its outputs are.

    Attributes:
        name: The name of the layer, with which the names of its weights begin.
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
"""Gives the probabilities of labels of which a text has exactly one; the head that is built where none is named."""
