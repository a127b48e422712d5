"""What stands above the encoder of a task model, as a value without Keras, so that every room may read it."""

from dataclasses import dataclass
from typing import Literal

from mbert_cli.model.options import Pooling

OutputActivation = Literal["softmax", "sigmoid", "linear", "unit_length"]
"""What the logits go through before a model returns them: softmax gives probabilities that add up to 1, sigmoid one for
each label, unit_length divides a vector by its length, and linear leaves them as they are."""

SHORTEST_VECTOR = 1e-12
"""Length by which a vector is divided at least, as torch's `normalize` does."""


@dataclass(frozen=True)
class TaskHead:
    """The head of a task model, and what its outputs are.

    Attributes:
        name: The name of the layer, with which the names of its weights begin.
        is_pooled: Whether it reads the pooled [CLS] rather than every token.
        activation: What its logits go through.
        artifact_outputs: Names of the outputs of a .tflite file: one, or one for each column of a head that reads
            every token.
        pooling: Of a head without weights, whose outputs are the pooled hidden states themselves; None of one with
            weights.
    """

    name: str
    is_pooled: bool
    activation: OutputActivation
    artifact_outputs: tuple[str, ...]
    pooling: Pooling | None = None

    @property
    def reads_cls_alone(self) -> bool:
        """Whether it reads the last hidden state of [CLS] and of no other token."""
        return self.is_pooled and self.pooling != "mean"


CLASSIFIER = TaskHead("classifier", is_pooled=True, activation="softmax", artifact_outputs=("probabilities",))
"""Gives the probabilities of labels of which a text has exactly one; the head that is built where none is named."""
