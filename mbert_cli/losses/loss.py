"""What a loss is, and what all of them are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from keras import ops

from mbert_cli.backend import Tensor

Tensors = Mapping[str, Tensor]
"""What a network returns, or a batch, by name."""


@dataclass(frozen=True)
class Loss:
    """A loss, or a measure such as an accuracy: a mean, and what weighs it.

    Attributes:
        function: Tensors and, last, the weights of the mean -> scalar, float32. The table that the loss is in
            says which tensors.
        weighted_by: The array of the batch that holds the weights of the mean; None where every example counts
            the same, and the function receives None.
        weigh: That array -> the weights, where they follow from it and are not the array itself.
        needs_labels: Whether rows that nobody labelled take no part, where a batch has `hard_weights`.
    """

    function: Callable[..., Tensor]
    weighted_by: str | None
    weigh: Callable[[Tensor], Tensor] | None = None
    needs_labels: bool = False

    def weights(self, batch: Tensors) -> Tensor:
        """Returns the weights of the mean over a batch; those of a row that only fills it up are 0."""
        if self.weighted_by is None:
            return None
        array = batch[self.weighted_by]
        weights = array if self.weigh is None else self.weigh(array)
        of_rows = ["hard_weights"] * self.needs_labels + ["example_weights"] * (
            self.weighted_by != "example_weights"
        )
        for name in of_rows:
            if name in batch:
                rows = ops.reshape(batch[name], (-1, *[1] * (len(weights.shape) - 1)))
                weights = ops.cast(weights, rows.dtype) * rows
        return weights


def measure(losses: Mapping[str, Loss], outputs: Tensors, batch: Tensors) -> dict[str, Tensor]:
    """Returns every loss of a table by name, each a float32 scalar.

    Args:
        losses: Their functions take outputs, batch and weights.
        outputs: Tensors that a network returned, by name.
        batch: The batch that it was given.
    """
    return {name: loss.function(outputs, batch, loss.weights(batch)) for name, loss in losses.items()}


def weighted_mean(values: Tensor, weights: Tensor = None) -> Tensor:
    """Mean of the values under the weights; 0 where all weights are 0.

    Args:
        values: Any shape, float32.
        weights: The same shape, any number type; None weighs all values the same.
    """
    if weights is None:
        return ops.mean(values)
    weights = ops.cast(weights, "float32")
    return _mean(ops.sum(values * weights), ops.sum(weights))


def weighted_mean_of_parts(means: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """The weighted mean over a batch from those over its parts.

    Args:
        means: Scalars, one for each part.
        weights: Scalars, the sum of the weights of each part.
    """
    # One by one: to stack them changes the order in which gradients are added up, and with it their last bits.
    weighted = [mean * weight for mean, weight in zip(means, weights, strict=True)]
    return _mean(sum(weighted), sum(weights))


def _mean(total: Tensor, weight: Tensor) -> Tensor:
    return total / ops.maximum(weight, 1.0)


def cross_entropy(logits: Tensor, ids: Tensor) -> Tensor:
    """Cross-entropy of each true class.

    Args:
        logits: (..., classes), float.
        ids: (...), the true classes, integers.

    Returns:
        (...), float32.
    """
    return ops.sparse_categorical_crossentropy(ids, ops.cast(logits, "float32"), from_logits=True)


def is_correct(logits: Tensor, ids: Tensor) -> Tensor:
    """1 where the most likely class is the true one and 0 elsewhere; arguments and shape as for `cross_entropy`."""
    predicted = ops.cast(ops.argmax(logits, axis=-1), ids.dtype)
    return ops.cast(ops.equal(predicted, ids), "float32")


def in_float32(teacher: Tensor, student: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float32, as all losses are computed, and the teacher's side without a gradient."""
    return ops.stop_gradient(ops.cast(teacher, "float32")), ops.cast(student, "float32")


def kl_divergence(teacher_logits: Tensor, student_logits: Tensor) -> Tensor:
    """KL divergence from the teacher's distribution to the student's.

    Args:
        teacher_logits: (..., classes), float.
        student_logits: Like `teacher_logits`.

    Returns:
        (...), 0 where the distributions are equal.
    """
    teacher = ops.log_softmax(teacher_logits, axis=-1)
    student = ops.log_softmax(student_logits, axis=-1)
    return ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)
