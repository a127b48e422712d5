"""The losses of TinyBERT, MiniLM and DistilBERT that compare a teacher's tensors with a student's.

Every mean is over real tokens only, so padding never changes a loss. The teacher's side carries no gradient. All
arithmetic is float32, whatever the precision of the layers.

Sources: Jiao et al., "TinyBERT", Findings of EMNLP 2020, section 3.1; Wang et al., "MiniLMv2", Findings of ACL 2021,
section 3; Sanh et al., "DistilBERT", 2019, section 3. TinyBERT's released code averages over padding too, and sets
every score of attention at or below -100 to 0 before it compares, real or not; neither is reproduced here.
"""

from collections.abc import Sequence
from functools import partial

from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Loss, in_float32, kl_divergence, weighted_mean
from mbert_cli.model.attention import MASKED

_EPSILON = 1e-12


def hidden_states(teacher_hidden: Tensor, student_hidden: Tensor, padding_mask: Tensor) -> Tensor:
    """Mean squared error of hidden states over features and real tokens.

    Args:
        teacher_hidden: (batch, length, hidden), float.
        student_hidden: (batch, length, hidden), float.
        padding_mask: (batch, length), 1 for real tokens and 0 for padding.

    Returns:
        Scalar, float32, 0 when the states are equal.
    """
    teacher, student = in_float32(teacher_hidden, student_hidden)
    return weighted_mean(ops.mean(ops.square(teacher - student), axis=-1), padding_mask)


def hidden_cosine(teacher_hidden: Tensor, student_hidden: Tensor, padding_mask: Tensor) -> Tensor:
    """1 minus the cosine between hidden states, the mean over real tokens.

    Args as for `hidden_states`.

    Returns:
        Scalar, float32: 0 when all states have the same direction, 2 when they have opposite ones.
    """
    teacher, student = in_float32(teacher_hidden, student_hidden)
    cosine = ops.sum(_directions(teacher) * _directions(student), axis=-1)
    return weighted_mean(1.0 - cosine, padding_mask)


def attention_scores(teacher_logits: Tensor, student_logits: Tensor, real_pairs: Tensor) -> Tensor:
    """Mean squared error of attention scores before the softmax, over heads and real pairs of query and key.

    Args:
        teacher_logits: (batch, heads, query, key), float. What stands at padding plays no part, not even infinity.
        student_logits: Like `teacher_logits`.
        real_pairs: (batch, query, key), 1 where both are real tokens and 0 elsewhere; see `real_pairs_of`.

    Returns:
        Scalar, float32, 0 when the scores are equal.
    """
    teacher, student = in_float32(teacher_logits, student_logits)
    is_real = ops.expand_dims(ops.cast(real_pairs, "bool"), 1)
    # Chosen before it is squared: what is masked has a gradient of 0 then, and not one of infinity times 0.
    difference = ops.where(is_real, teacher - student, 0.0)
    return weighted_mean(ops.mean(ops.square(difference), axis=1), real_pairs)


def attention_relations(
    teacher_vectors: Sequence[Tensor],
    student_vectors: Sequence[Tensor],
    padding_mask: Tensor,
    *,
    num_heads: int,
) -> Tensor:
    """KL divergence of the relations among queries, among keys and among values, the sum of the three.

    The vectors of a layer are split anew into a number of heads that suits both models. A relation is the softmax
    over the scaled dot products of a token's vector with those of all real tokens.

    Args:
        teacher_vectors: Queries, keys and values of a layer, (batch, length, teacher's width) each, float.
        student_vectors: The same of the student, whose width may be another.
        padding_mask: (batch, length), 1 for real tokens and 0 for padding.
        num_heads: Divides both widths.

    Returns:
        Scalar, float32: the mean over heads and real tokens, 0 when the relations are equal.
    """
    bias = MASKED * (1.0 - ops.cast(padding_mask, "float32"))[:, None, None, :]
    total = 0.0
    for pair in zip(teacher_vectors, student_vectors, strict=True):
        teacher, student = (_relations(vectors, num_heads) + bias for vectors in in_float32(*pair))
        divergence = kl_divergence(teacher, student)  # (batch, heads, token)
        total = total + weighted_mean(ops.mean(divergence, axis=1), padding_mask)
    return total


def real_pairs_of(padding_mask: Tensor) -> Tensor:
    """(batch, length) -> (batch, query, key) float32: 1 where both are real tokens and 0 elsewhere."""
    mask = ops.cast(padding_mask, "float32")
    return ops.expand_dims(mask, 2) * ops.expand_dims(mask, 1)


TINYBERT_HIDDEN_LOSSES = {
    "hidden_states": Loss(hidden_states, "padding_mask"),
    "hidden_cosine": Loss(hidden_cosine, "padding_mask"),
}
"""Losses of a teacher's and a student's hidden states, by name; the weights are the padding mask."""

SCORE_LOSSES = {"attention_scores": Loss(attention_scores, "padding_mask", real_pairs_of)}
"""Losses of their attention logits, by name; the weights are the real pairs of tokens."""


def relation_losses(num_heads: int) -> dict[str, Loss]:
    """Losses of their queries, keys and values, by name; the weights are the padding mask.

    Args:
        num_heads: As in `attention_relations`.
    """
    return {"attention_relations": Loss(partial(attention_relations, num_heads=num_heads), "padding_mask")}


def _directions(hidden: Tensor) -> Tensor:
    return hidden * ops.rsqrt(ops.sum(ops.square(hidden), axis=-1, keepdims=True) + _EPSILON)


def _relations(vectors: Tensor, num_heads: int) -> Tensor:
    """(batch, length, width) -> scaled dot products (batch, heads, token, token)."""
    length, width = ops.shape(vectors)[1], vectors.shape[-1]
    head_dim = width // num_heads
    heads = ops.transpose(ops.reshape(vectors, (-1, length, num_heads, head_dim)), (0, 2, 1, 3))
    return ops.matmul(heads, ops.transpose(heads, (0, 1, 3, 2))) * head_dim**-0.5
