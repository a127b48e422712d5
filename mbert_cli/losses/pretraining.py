"""The two tasks of pre-training: masked language modelling and next-sentence prediction.

Every function here takes

    outputs: Dict with masked_logits (batch, predictions, vocabulary) and next_sentence_logits (batch, 2), float.
    batch: A pre-training batch; see `mbert_cli.text.batch`.
    weights: Those of the mean: (batch, predictions), 1 for predictions that count and 0 for fillers, for masked
        tokens; None for pairs of sentences, which all count the same.

Source: Devlin et al., "BERT", NAACL 2019, section 3.1.
"""

from mbert_cli.backend import Tensor
from mbert_cli.figures import MASKED_WORDS
from mbert_cli.losses.loss import Loss, Tensors, cross_entropy, is_correct, weighted_mean


def masked_language_model_loss(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Mean cross-entropy of the masked tokens that count, float32."""
    return weighted_mean(cross_entropy(outputs["masked_logits"], batch["masked_ids"]), weights)


def masked_language_model_accuracy(outputs: Tensors, batch: Tensors, weights: Tensor) -> Tensor:
    """Share of the masked tokens whose most likely token is the true one."""
    return weighted_mean(is_correct(outputs["masked_logits"], batch["masked_ids"]), weights)


def next_sentence_loss(outputs: Tensors, batch: Tensors, weights: Tensor = None) -> Tensor:
    """Mean cross-entropy of next-sentence prediction, float32."""
    return weighted_mean(cross_entropy(outputs["next_sentence_logits"], batch["next_sentence"]), weights)


def next_sentence_accuracy(outputs: Tensors, batch: Tensors, weights: Tensor = None) -> Tensor:
    """Share of the pairs that are told right."""
    return weighted_mean(is_correct(outputs["next_sentence_logits"], batch["next_sentence"]), weights)


PRETRAINING_LOSSES = {
    "masked_language_model": Loss(masked_language_model_loss, "masked_weights"),
    "next_sentence": Loss(next_sentence_loss, None),
    MASKED_WORDS: Loss(masked_language_model_accuracy, "masked_weights"),
    "next_sentence_accuracy": Loss(next_sentence_accuracy, None),
}
"""What is measured of a pre-training network, by name."""
