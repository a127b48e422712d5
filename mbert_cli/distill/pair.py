"""Teacher and student as one Keras layer: a batch goes in, every loss by its name comes out."""

from collections.abc import Sequence

import keras

from mbert_cli.losses.loss import measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.losses.transfer import ATTENTION_LOSSES, HIDDEN_LOSSES, OUTPUT_LOSSES
from mbert_cli.model.encoder import truncate
from mbert_cli.train.objective import inputs_of

LOSSES = PRETRAINING_LOSSES | OUTPUT_LOSSES | HIDDEN_LOSSES | ATTENTION_LOSSES
"""Every loss of the pairs, by name."""


class TransferPair(keras.layers.Layer):
    """The losses of layer transfer.

    Both towers end after the last layer that is compared: what lies above is not part of the step.

    Args:
        teacher: Pre-training network of the teacher; it always runs in inference mode.
        student: Pre-training network of the student.
        layer_map: For each student layer the teacher layer to learn from, counted from 0.
        layers: Student layers whose losses count; each loss is the mean over them.
    """

    def __init__(
        self,
        teacher: keras.Model,
        student: keras.Model,
        layer_map: Sequence[int],
        layers: Sequence[int],
    ) -> None:
        super().__init__(name="transfer_pair")
        self.teacher = truncate(teacher, max(layer_map[layer] for layer in layers))
        self.student = truncate(student, max(layers))
        self.compared = [(layer_map[layer], layer) for layer in layers]
        self.built = True

    def call(self, batch, training=False):
        teacher = self.teacher(inputs_of(self.teacher, batch), training=False)
        student = self.student(inputs_of(self.student, batch), training=training)
        return transfer_losses(teacher, student, batch["padding_mask"], self.compared)


class DistillationPair(keras.layers.Layer):
    """The losses of pre-training distillation, with those of layer transfer where they are asked for.

    Args:
        teacher: Pre-training network of the teacher; it always runs in inference mode.
        student: Pre-training network of the student.
        ground_truth_ratio: Weight of the text against the teacher, 0 to 1.
        temperature: Above 0; see `transfer.knowledge_distillation`.
        layer_map: For each student layer the teacher layer to learn from; None transfers no layers.
    """

    def __init__(
        self,
        teacher: keras.Model,
        student: keras.Model,
        ground_truth_ratio: float,
        temperature: float,
        layer_map: Sequence[int] | None = None,
    ) -> None:
        super().__init__(name="distillation_pair")
        self.teacher = teacher
        self.student = student
        self.ground_truth_ratio = ground_truth_ratio
        self.temperature = temperature
        self.compared = [(upper, lower) for lower, upper in enumerate(layer_map or [])]
        self.built = True

    def call(self, batch, training=False):
        teacher = self.teacher(inputs_of(self.teacher, batch), training=False)
        student = self.student(inputs_of(self.student, batch), training=training)
        losses = measure(PRETRAINING_LOSSES, student, batch)
        for name, loss in OUTPUT_LOSSES.items():
            losses[name] = loss.function(
                teacher,
                student,
                batch,
                loss.weights(batch),
                ground_truth_ratio=self.ground_truth_ratio,
                temperature=self.temperature,
            )
        if self.compared:
            losses |= transfer_losses(teacher, student, batch["padding_mask"], self.compared)
        return losses


def transfer_losses(teacher, student, padding_mask, compared: Sequence[tuple[int, int]]) -> dict:
    """Mean of each transfer loss over pairs of layers.

    Args:
        teacher: The teacher's trace.
        student: The student's trace.
        padding_mask: (batch, length), 1 for real tokens.
        compared: Pairs of a teacher layer and a student layer, counted from 0.

    Returns:
        Dict of float32 scalars: feature_map, feature_mean, feature_variance, attention.
    """
    losses = {}
    for name, loss in HIDDEN_LOSSES.items():  # hidden_states[0] is the embedding output
        losses[name] = _mean(
            loss.function(
                teacher["hidden_states"][upper + 1], student["hidden_states"][lower + 1], padding_mask
            )
            for upper, lower in compared
        )
    for name, loss in ATTENTION_LOSSES.items():
        losses[name] = _mean(
            loss.function(
                teacher["attention_logits"][upper], student["attention_logits"][lower], padding_mask
            )
            for upper, lower in compared
        )
    return losses


def _mean(values):
    values = list(values)
    return sum(values) / len(values)
