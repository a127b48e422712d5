"""How far a student's answers to a task are from its teacher's, for each kind of output that a task model has.

Every loss here takes

    teacher: {"logits": ...} as its network returns them, with its outputs in the order of the student's. It carries
        no gradient.
    student: The same; the shapes are in `mbert_cli.losses.tasks`.
    batch: A task batch; see `mbert_cli.examples.batches`. What is right in it is not read.
    weights: Those of the mean, as in `mbert_cli.losses.tasks`.
    temperature: Above 0; both sides' logits are divided by it, and the loss is multiplied by its square, so that the
        size of the gradient does not depend on it (Hinton et al., 2015). Values are compared as they are.

and returns a float32 scalar, the mean over what counts. It is 0 where both say the same: cross-entropies are given
without the teacher's own entropy, whose gradient is 0.

Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, section 3.1. The code released with it also divides by the
number of labels, and learns a regression from the labels alone; its authors say that the paper's results are from the
teacher's values.
"""

from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Tensors, in_float32, kl_divergence, weighted_mean
from mbert_cli.model.attention import MASKED


def soft_labels(
    teacher: Tensors, student: Tensors, batch: Tensors, weights: Tensor, temperature: float = 1.0
) -> Tensor:
    """KL divergence from the teacher's probabilities of the labels to the student's, of examples or of tokens."""
    theirs, ours = _teacher_and_student(teacher, student, temperature)
    return weighted_mean(kl_divergence(theirs, ours), weights) * temperature**2


def soft_label_sets(
    teacher: Tensors, student: Tensors, batch: Tensors, weights: Tensor, temperature: float = 1.0
) -> Tensor:
    """KL divergence from the teacher's probability that a label holds to the student's: the mean over the labels."""
    theirs, ours = _teacher_and_student(teacher, student, temperature)
    # log p(holds) = -log(1 + exp(-x)), log p(does not) = -log(1 + exp(x))
    holds = ops.sigmoid(theirs) * (ops.softplus(-ours) - ops.softplus(-theirs))
    does_not = ops.sigmoid(-theirs) * (ops.softplus(ours) - ops.softplus(theirs))
    return weighted_mean(ops.mean(holds + does_not, axis=-1), weights) * temperature**2


def teacher_value(
    teacher: Tensors, student: Tensors, batch: Tensors, weights: Tensor, temperature: float = 1.0
) -> Tensor:
    """Squared difference of the numbers that both give; the temperature plays no part."""
    theirs, ours = _teacher_and_student(teacher, student)
    return weighted_mean(ops.mean(ops.square(ours - theirs), axis=-1), weights)


def soft_spans(
    teacher: Tensors, student: Tensors, batch: Tensors, weights: Tensor, temperature: float = 1.0
) -> Tensor:
    """KL divergence of where an answer begins and of where it ends, over real tokens: the mean of both.

    Args:
        teacher, student, weights, temperature: As above.
        batch: padding_mask (batch, length).
    """
    sides = _teacher_and_student(teacher, student, temperature)
    masked = masked_padding(batch)
    theirs, ours = (ops.swapaxes(logits + masked, 1, 2) for logits in sides)  # (batch, 2, length)
    return weighted_mean(ops.mean(kl_divergence(theirs, ours), axis=-1), weights) * temperature**2


def masked_padding(batch: Tensors) -> Tensor:
    """What is added to logits of tokens so that padding takes no part: (batch, length, 1), float32."""
    padding = 1.0 - ops.cast(batch["padding_mask"], "float32")
    return ops.expand_dims(padding * MASKED, 2)


def _teacher_and_student(
    teacher: Tensors, student: Tensors, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Both sides' logits over the temperature; the teacher's carry no gradient."""
    theirs, ours = in_float32(teacher["logits"], student["logits"])
    return theirs / temperature, ours / temperature
