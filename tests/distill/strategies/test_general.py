"""The one stage of general distillation."""

from mbert_cli.distill.options import GeneralOptions
from mbert_cli.distill.strategies.general import general
from mbert_cli.train.options import OptimizerOptions


def test_embeddings_and_all_layers_are_compared_in_one_stage_that_trains_everything():
    options = GeneralOptions(strategy="general", steps=30)
    (stage,) = general(options, [0, 3, 6], OptimizerOptions(learning_rate=2e-3, warmup_rate=0.1))
    assert (stage.name, stage.steps, stage.layer_scale) == ("general distillation", 30, None)
    assert [(one.teacher_place, one.student_place) for one in stage.compare] == [(0, 0), (3, 1), (6, 2)]
    assert stage.loss_weights == {"hidden_states": 1.0, "attention_scores": 1.0}
    assert (stage.schedule.peak, stage.schedule.warmup_steps, stage.schedule.steps) == (2e-3, 3, 30)


def test_no_word_is_predicted():
    (stage,) = general(GeneralOptions(strategy="general"), [0, 1], OptimizerOptions())
    assert all(None not in (one.teacher_place, one.student_place) for one in stage.compare)
    assert "masked_language_model" not in stage.loss_weights
