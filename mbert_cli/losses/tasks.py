"""Losses of task models.

Every loss here takes

    outputs: {"logits": (batch, labels)} of a classifier; (batch, length, labels) of one that labels tokens; (batch, 1)
        of a regression; (batch, length, 2), start and end, of an answer to a question.
    batch: A task batch; see `mbert_cli.examples.batches`.
    weights: Those of the mean. (batch,), 0 for filler rows; of a network that labels tokens (batch, length), 1 for
        tokens that have a label and 0 for all others, filler rows too.

and returns a float32 scalar, the mean over what counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Loss, Tensors, cross_entropy, is_correct, weighted_mean
from mbert_cli.losses.soft_targets import (
    masked_padding,
    soft_label_sets,
    soft_labels,
    soft_spans,
    teacher_value,
)

Arrays = Mapping[str, np.ndarray]


def label_cross_entropy(
    outputs: Tensors,
    batch: Tensors,
    weights: Tensor,
    *,
    class_weights: Sequence[float] | None = None,
    focal_gamma: float = 0.0,
) -> Tensor:
    """Cross-entropy of one label each, of examples or of tokens.

    Args:
        outputs, batch, weights: As above; labels (batch,) or (batch, length).
        class_weights: (labels,) Factor of the loss of each label's examples; None is 1 for all.
        focal_gamma: Each cross-entropy is multiplied by (1 - p) ** focal_gamma, p being the probability of its
            label, as in the focal loss of Lin et al., 2017.
    """
    losses = _focus(cross_entropy(outputs["logits"], batch["labels"]), focal_gamma)
    if class_weights is not None:
        losses *= ops.take(ops.convert_to_tensor(class_weights, "float32"), batch["labels"])
    return weighted_mean(losses, weights)


def label_accuracy(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Share of the examples or tokens whose most likely label is the true one."""
    return weighted_mean(is_correct(outputs["logits"], batch["labels"]), weights)


def binary_cross_entropy(
    outputs: Tensors,
    batch: Tensors,
    weights: Tensor,
    *,
    class_weights: Sequence[float] | None = None,
    focal_gamma: float = 0.0,
) -> Tensor:
    """Binary cross-entropy of a network that says of each label whether it holds: the mean over the labels.

    Args: those of `label_cross_entropy`, with labels (batch, labels) of 0 and 1; a class weight is that of the
        examples that have the label.
    """
    logits, labels = (ops.cast(array, "float32") for array in (outputs["logits"], batch["labels"]))
    # log(1 + exp(-x)) for a label that holds, log(1 + exp(x)) for another
    losses = _focus(ops.softplus(ops.where(labels > 0, -logits, logits)), focal_gamma)
    if class_weights is not None:
        losses *= ops.where(labels > 0, ops.convert_to_tensor(class_weights, "float32"), 1.0)
    return weighted_mean(ops.mean(losses, axis=-1), weights)


def exact_labels(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Share of the examples with all labels right; labels (batch, labels) of 0 and 1."""
    correct = ops.all(ops.equal(outputs["logits"] > 0, batch["labels"] > 0), axis=-1)
    return weighted_mean(ops.cast(correct, "float32"), weights)


def mean_squared_error(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Squared error of a network with one output; labels (batch,)."""
    values = ops.cast(outputs["logits"], "float32")[:, 0]
    return weighted_mean(ops.square(values - ops.cast(batch["labels"], "float32")), weights)


def answer_span(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Mean of the cross-entropies of the places where an answer begins and ends.

    Padding takes no part, so that the length of a batch changes nothing.

    Args:
        outputs, weights: As above.
        batch: start_positions and end_positions (batch,), and padding_mask (batch, length).
    """
    return weighted_mean(sum(cross_entropy(*side) / 2 for side in _sides(outputs, batch)), weights)


def exact_span(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Share of the answers with both places right; arguments as for `answer_span`."""
    first, last = (is_correct(*side) for side in _sides(outputs, batch))
    return weighted_mean(first * last, weights)


def _sides(outputs: Tensors, batch: Tensors) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Logits (batch, length) without padding and true places (batch,), of starts and of ends."""
    logits = ops.cast(outputs["logits"], "float32") + masked_padding(batch)
    return (logits[:, :, 0], batch["start_positions"]), (logits[:, :, 1], batch["end_positions"])


def _focus(losses: Tensor, gamma: float) -> Tensor:
    """Cross-entropies, made smaller where the label is already probable."""
    if not gamma:
        return losses
    # The power has an infinite slope at 0 where gamma is less than 1.
    return losses * ops.maximum(1.0 - ops.exp(-losses), 1e-6) ** gamma


@dataclass(frozen=True)
class TaskLoss:
    """What fine-tuning minimises, what it measures beside it, and what a student minimises against its teacher.

    Attributes:
        losses: By name; their functions take outputs, batch and weights. The first is minimised, the others are
            only measured.
        soft: How far a student's outputs are from its teacher's; see `mbert_cli.losses.soft_targets`.
        constant_logits: Batch -> the same logits for every row, those with the smallest loss: what a model says
            that has learned how frequent targets are, and nothing else.
        is_weighted: Whether class_weights and focal_gamma apply.
    """

    losses: Mapping[str, Loss]
    soft: Loss
    constant_logits: Callable[..., np.ndarray]
    is_weighted: bool = False

    @property
    def minimized(self) -> str:
        """Name of the loss that is minimised."""
        return next(iter(self.losses))

    def with_factors(self, class_weights: list[float] | None, focal_gamma: float) -> Self:
        """Returns the same with factors for labels and for examples that are already right."""
        factors = {"class_weights": class_weights, "focal_gamma": focal_gamma}
        loss = self.losses[self.minimized]
        weighted = replace(loss, function=partial(loss.function, **factors))
        return replace(
            self,
            losses={**self.losses, self.minimized: weighted},
            constant_logits=partial(self.constant_logits, **factors),
        )


def _constant_label(
    batch: Arrays, *, class_weights: Sequence[float] | None = None, focal_gamma: float = 0.0
) -> np.ndarray:
    """(batch, labels) or (batch, length, labels): logarithms of frequencies; a focal loss is not followed."""
    labels = np.asarray(batch["labels"])
    weights = np.asarray(batch.get("label_weights", np.ones(labels.shape)))
    counts = np.bincount(labels.ravel(), weights=weights.ravel(), minlength=len(class_weights or ()))
    if class_weights is not None:
        counts = counts * np.asarray(class_weights)
    return np.broadcast_to(_logarithm(counts / counts.sum()), (*labels.shape, len(counts)))


def _constant_label_set(
    batch: Arrays, *, class_weights: Sequence[float] | None = None, focal_gamma: float = 0.0
) -> np.ndarray:
    """(batch, labels): logits of the frequency of each label; a focal loss is not followed."""
    labels = np.asarray(batch["labels"], np.float64)
    present = labels.sum(axis=0) * (1.0 if class_weights is None else np.asarray(class_weights))
    absent = (1.0 - labels).sum(axis=0)
    return np.broadcast_to(_logarithm(present) - _logarithm(absent), labels.shape)


def _constant_number(batch: Arrays) -> np.ndarray:
    """(batch, 1): the mean."""
    labels = np.asarray(batch["labels"], np.float64)
    return np.full((len(labels), 1), labels.mean())


def _constant_span(batch: Arrays) -> np.ndarray:
    """(batch, length, 2): logarithms of how often an answer begins and ends at each place."""
    rows, length = np.shape(batch["padding_mask"])
    counts = [np.bincount(batch[f"{side}_positions"], minlength=length) for side in ("start", "end")]
    return np.broadcast_to(_logarithm(np.stack(counts, axis=1) / rows), (rows, length, 2))


def _logarithm(values: np.ndarray) -> np.ndarray:
    """The logarithm, with a tiny number in place of 0 so that it stays finite in float32."""
    return np.asarray(np.log(np.maximum(values, 1e-12)))


_EXAMPLES, _TOKENS = "example_weights", "label_weights"


def _by_name(weighted_by: str, **functions: Callable[..., Tensor]) -> dict[str, Loss]:
    return {name: Loss(function, weighted_by, needs_labels=True) for name, function in functions.items()}


TASK_LOSSES = {
    loss.minimized: loss
    for loss in (
        TaskLoss(
            _by_name(_EXAMPLES, cross_entropy=label_cross_entropy, accuracy=label_accuracy),
            Loss(soft_labels, _EXAMPLES),
            _constant_label,
            is_weighted=True,
        ),
        TaskLoss(
            _by_name(_EXAMPLES, binary_cross_entropy=binary_cross_entropy, exact_labels=exact_labels),
            Loss(soft_label_sets, _EXAMPLES),
            _constant_label_set,
            is_weighted=True,
        ),
        TaskLoss(
            _by_name(_EXAMPLES, mean_squared_error=mean_squared_error),
            Loss(teacher_value, _EXAMPLES),
            _constant_number,
        ),
        TaskLoss(
            _by_name(_EXAMPLES, answer_span=answer_span, exact_span=exact_span),
            Loss(soft_spans, _EXAMPLES),
            _constant_span,
        ),
        TaskLoss(
            _by_name(_TOKENS, token_cross_entropy=label_cross_entropy, token_accuracy=label_accuracy),
            Loss(soft_labels, _TOKENS),
            _constant_label,
            is_weighted=True,
        ),
    )
}
"""What fine-tuning can minimise, by the name of the loss."""
