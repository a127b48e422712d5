"""Losses and accuracies of pre-training in closed form."""

import numpy as np
import pytest

from mbert_cli.losses.loss import measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES, masked_language_model_loss


def figures(outputs: dict, batch: dict) -> dict[str, float]:
    return {name: float(value) for name, value in measure(PRETRAINING_LOSSES, outputs, batch).items()}


def make(predictions: int) -> tuple[dict, dict]:
    """Two examples with three masked tokens together, filled up to a number of predictions with nonsense."""
    outputs = {
        "masked_logits": np.full((2, predictions, 3), 1e3, "float32"),
        "next_sentence_logits": np.log(np.array([[3, 1], [3, 1]], "float32")),
    }
    outputs["masked_logits"][0, :2] = np.log([[8, 1, 1], [1, 2, 1]])
    outputs["masked_logits"][1, 0] = np.log([1, 1, 2])
    batch = {
        "masked_ids": np.zeros((2, predictions), "int32"),
        "masked_weights": np.zeros((2, predictions), "float32"),
        "next_sentence": np.array([0, 1], "int32"),
    }
    batch["masked_ids"][0, :2], batch["masked_ids"][1, 0] = [0, 2], 2
    batch["masked_weights"][0, :2], batch["masked_weights"][1, 0] = 1, 1
    return outputs, batch


def test_pre_training_is_the_mean_over_masked_tokens_and_over_pairs():
    assert figures(*make(predictions=2)) == pytest.approx(
        {
            "masked_language_model": -(np.log(0.8) + np.log(0.25) + np.log(0.5)) / 3,
            "next_sentence": -(np.log(0.75) + np.log(0.25)) / 2,
            "masked_language_model_accuracy": 2 / 3,
            "next_sentence_accuracy": 0.5,
        },
        rel=1e-5,
    )


def test_filler_predictions_change_nothing():
    assert figures(*make(predictions=7)) == pytest.approx(figures(*make(predictions=2)), rel=1e-6)


def test_uniform_logits_cost_the_logarithm_of_the_vocabulary():
    outputs = {"masked_logits": np.zeros((1, 3, 11), "float32")}
    loss = masked_language_model_loss(outputs, {"masked_ids": np.array([[1, 2, 3]])}, np.array([[1, 1, 0]]))
    assert float(loss) == pytest.approx(np.log(11), rel=1e-6)
