"""The losses of knowledge transfer: functions of a teacher's and a student's tensors.

Every mean is over real tokens only, so padding never changes a loss. The teacher's side carries no
gradient. All arithmetic is float32, whatever the precision of the layers.

Source: Sun et al., "MobileBERT", ACL 2020, section 3.3 (FMT, AT, PD in the paper). The code released
in 2020 differs in ways that are not reproduced here: it averages over padding, compares means and
variances with those of all the teacher's layers at once, reports the attention loss as a cross-entropy
that never reaches zero, divides a single layer's loss by the number of layers, and applies the
temperature to a hidden state.
"""

from functools import partial

from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Loss, Tensors, in_float32, kl_divergence, weighted_mean
from mbert_cli.losses.pretraining import masked_language_model_loss

EPSILON = 1e-12


def feature_map_transfer(teacher_hidden: Tensor, student_hidden: Tensor, padding_mask: Tensor) -> Tensor:
    """Mean squared error of layer-normalised hidden states (FMT in the paper).

    Args:
        teacher_hidden: (batch, length, hidden), float.
        student_hidden: (batch, length, hidden), float.
        padding_mask: (batch, length), 1 for real tokens and 0 for padding.

    Returns:
        Scalar, float32, 0 when the normalised states are equal.
    """
    teacher, student = in_float32(teacher_hidden, student_hidden)
    error = ops.square(_normalize(teacher) - _normalize(student))
    return weighted_mean(ops.mean(error, axis=-1), padding_mask)


def feature_mean_transfer(teacher_hidden: Tensor, student_hidden: Tensor, padding_mask: Tensor) -> Tensor:
    """Squared difference of the hidden states' means over features, token by token.

    Args and result as for `feature_map_transfer`.
    """
    teacher, student = in_float32(teacher_hidden, student_hidden)
    error = ops.square(ops.mean(teacher, axis=-1) - ops.mean(student, axis=-1))
    return weighted_mean(error, padding_mask)


def feature_variance_transfer(teacher_hidden: Tensor, student_hidden: Tensor, padding_mask: Tensor) -> Tensor:
    """Absolute difference of the hidden states' variances over features, token by token.

    Args and result as for `feature_map_transfer`.
    """
    teacher, student = in_float32(teacher_hidden, student_hidden)
    error = ops.abs(ops.var(teacher, axis=-1) - ops.var(student, axis=-1))
    return weighted_mean(error, padding_mask)


def attention_transfer(teacher_logits: Tensor, student_logits: Tensor, padding_mask: Tensor) -> Tensor:
    """KL divergence from the teacher's attention to the student's, head by head (AT in the paper).

    Args:
        teacher_logits: (batch, heads, query, key), before the softmax and with padded keys masked by
            a large negative number.
        student_logits: Like `teacher_logits`.
        padding_mask: (batch, length), 1 for real tokens and 0 for padding.

    Returns:
        Scalar, float32: the mean over heads and real queries, 0 when the distributions are equal.
    """
    teacher, student = in_float32(teacher_logits, student_logits)
    divergence = kl_divergence(teacher, student)  # (batch, heads, query)
    return weighted_mean(ops.mean(divergence, axis=1), padding_mask)


def knowledge_distillation(
    teacher_logits: Tensor, student_logits: Tensor, masked_weights: Tensor, temperature: float = 1.0
) -> Tensor:
    """KL divergence from the teacher's masked-LM distribution to the student's (KD in the paper).

    Both logits are divided by the temperature, and the loss is multiplied by its square, so that the
    size of the gradient does not depend on it (Hinton et al., 2015).

    Args:
        teacher_logits: (batch, predictions, vocabulary), float.
        student_logits: Like `teacher_logits`.
        masked_weights: (batch, predictions), 1 for predictions that count and 0 for fillers.
        temperature: Above 0; higher is softer.

    Returns:
        Scalar, float32.
    """
    teacher, student = in_float32(teacher_logits, student_logits)
    divergence = kl_divergence(teacher / temperature, student / temperature)
    return weighted_mean(divergence, masked_weights) * temperature**2


def pretraining_distillation(
    teacher_outputs: Tensors,
    student_outputs: Tensors,
    batch: Tensors,
    weights: Tensor,
    *,
    ground_truth_ratio: float = 0.5,
    temperature: float = 1.0,
) -> Tensor:
    """`ratio * masked-LM loss + (1 - ratio) * distillation loss` (PD in the paper, without its NSP term).

    The next-sentence term is a loss of its own, `pretraining.next_sentence_loss`, so that it can have a
    weight of its own.

    Args:
        teacher_outputs: Dict with masked_logits (batch, predictions, vocabulary), float.
        student_outputs: Like `teacher_outputs`.
        batch: Dict with masked_ids (batch, predictions), the true token ids.
        weights: (batch, predictions), 1 for predictions that count and 0 for fillers.
        ground_truth_ratio: 0 to 1, alpha in the paper: 1 learns from the text alone, 0 from the teacher alone.
        temperature: Above 0; see `knowledge_distillation`.

    Returns:
        Scalar, float32.
    """
    hard = masked_language_model_loss(student_outputs, batch, weights)
    soft = knowledge_distillation(
        teacher_outputs["masked_logits"], student_outputs["masked_logits"], weights, temperature
    )
    return ground_truth_ratio * hard + (1.0 - ground_truth_ratio) * soft


HIDDEN_LOSSES = {
    "feature_map": Loss(feature_map_transfer, "padding_mask"),
    "feature_mean": Loss(feature_mean_transfer, "padding_mask"),
    "feature_variance": Loss(feature_variance_transfer, "padding_mask"),
}
"""Losses of a teacher's and a student's hidden states, by name; the weights are the padding mask."""

ATTENTION_LOSSES = {"attention": Loss(attention_transfer, "padding_mask")}
"""Losses of a teacher's and a student's attention logits, by name; the weights are the padding mask."""


def output_losses(ground_truth_ratio: float = 0.5, temperature: float = 1.0) -> dict[str, Loss]:
    """Losses of what two pre-training networks return, by name; see `pretraining_distillation` for the arguments.

    Their functions take the outputs of the teacher, those of the student, the batch and the weights.
    """
    mixed = partial(pretraining_distillation, ground_truth_ratio=ground_truth_ratio, temperature=temperature)
    soft = partial(pretraining_distillation, ground_truth_ratio=0.0, temperature=temperature)
    return {
        "pretraining_distillation": Loss(mixed, "masked_weights"),
        "soft_targets": Loss(soft, "masked_weights"),
    }


def _normalize(hidden: Tensor) -> Tensor:
    """Layer normalisation over features without scale and offset."""
    mean, variance = ops.moments(hidden, axes=-1, keepdims=True)
    return (hidden - mean) * ops.rsqrt(variance + EPSILON)
