"""The two tasks of pre-training: masked language modelling and next-sentence prediction.

Source: Devlin et al., "BERT", NAACL 2019, section 3.1.
"""

from keras import ops

WEIGHTED_BY = {
    "masked_language_model": "masked_weights",
    "next_sentence": None,
    "masked_language_model_accuracy": "masked_weights",
    "next_sentence_accuracy": None,
}
"""For each loss of `pretraining_losses` the array of the batch that weighs its mean, None for examples."""


def weighted_mean(values, weights):
    """Mean of the values under the weights; 0 where all weights are 0.

    Args:
        values: Any shape, float32.
        weights: The same shape, any number type.
    """
    weights = ops.cast(weights, "float32")
    return ops.sum(values * weights) / ops.maximum(ops.sum(weights), 1.0)


def masked_language_model_loss(masked_logits, masked_ids, masked_weights):
    """Cross-entropy of the masked tokens.

    Args:
        masked_logits: (batch, predictions, vocabulary), float.
        masked_ids: (batch, predictions), the true token ids.
        masked_weights: (batch, predictions), 1 for predictions that count and 0 for fillers.

    Returns:
        Scalar, float32: the mean over the predictions that count.
    """
    return weighted_mean(_cross_entropy(masked_ids, masked_logits), masked_weights)


def masked_language_model_accuracy(masked_logits, masked_ids, masked_weights):
    """Share of the masked tokens whose most likely token is the true one; arguments as for the loss."""
    return weighted_mean(_is_correct(masked_ids, masked_logits), masked_weights)


def next_sentence_loss(next_sentence_logits, next_sentence):
    """Cross-entropy of next-sentence prediction.

    Args:
        next_sentence_logits: (batch, 2), float.
        next_sentence: (batch,), 0 where the second text follows the first and 1 where it is random.

    Returns:
        Scalar, float32.
    """
    return ops.mean(_cross_entropy(next_sentence, next_sentence_logits))


def next_sentence_accuracy(next_sentence_logits, next_sentence):
    """Share of pairs told right; arguments as for the loss."""
    return ops.mean(_is_correct(next_sentence, next_sentence_logits))


def pretraining_losses(outputs, batch):
    """Losses and accuracies of a pre-training network on a batch, by name.

    Args:
        outputs: Dict with masked_logits (batch, predictions, vocabulary) and
            next_sentence_logits (batch, 2).
        batch: A pre-training batch; see `mbert_cli.text.batch`.
    """
    masked = outputs["masked_logits"], batch["masked_ids"], batch["masked_weights"]
    pairs = outputs["next_sentence_logits"], batch["next_sentence"]
    return {
        "masked_language_model": masked_language_model_loss(*masked),
        "next_sentence": next_sentence_loss(*pairs),
        "masked_language_model_accuracy": masked_language_model_accuracy(*masked),
        "next_sentence_accuracy": next_sentence_accuracy(*pairs),
    }


def _cross_entropy(ids, logits):
    logits = ops.cast(logits, "float32")
    return ops.sparse_categorical_crossentropy(ids, logits, from_logits=True)


def _is_correct(ids, logits):
    predicted = ops.cast(ops.argmax(logits, axis=-1), ids.dtype)
    return ops.cast(ops.equal(predicted, ids), "float32")
