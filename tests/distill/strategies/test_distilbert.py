"""The stage of DistilBERT."""

from mbert_cli.distill.options import DistilBertFactors, DistilBertOptions
from mbert_cli.distill.strategies.distilbert import distilbert
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Comparison

OPTIMIZER = OptimizerOptions(learning_rate=5e-4, warmup_rate=0.1)


def test_predictions_words_and_the_last_hidden_states_are_learned_in_one_stage():
    (stage,) = distilbert(DistilBertOptions(strategy="distilbert", steps=100), [0, 2, 4], OPTIMIZER)
    assert stage.loss_weights == {"soft_targets": 5, "masked_language_model": 2, "hidden_cosine": 1}
    assert stage.compare == (Comparison(None, None, ("soft_targets",)), Comparison(4, 2, ("hidden_cosine",)))
    assert (stage.steps, stage.schedule.warmup_steps, stage.layer_scale) == (100, 10, None)


def test_a_factor_of_zero_leaves_a_loss_out():
    factors = DistilBertFactors(soft_targets=0, hidden_cosine=0)
    (stage,) = distilbert(DistilBertOptions(strategy="distilbert", factors=factors), [0, 2, 4], OPTIMIZER)
    assert stage.loss_weights == {"masked_language_model": 2} and stage.compare == ()
