"""The one stage of auxiliary transfer."""

from mbert_cli.distill.options import AuxiliaryOptions
from mbert_cli.distill.strategies.auxiliary import auxiliary
from mbert_cli.train.options import OptimizerOptions

OPTIONS = AuxiliaryOptions(strategy="auxiliary", transfer_steps=10, pretraining_steps=20)


def test_transfer_and_distillation_have_their_weights_in_one_stage():
    (stage,) = auxiliary(OPTIONS, [0, 1, 2], OptimizerOptions())
    assert stage.loss_weights == {
        "feature_map": 100, "feature_mean": 5000, "feature_variance": 5, "attention": 1,
        "pretraining_distillation": 1, "next_sentence": 1,
    }  # fmt: skip


def test_every_layer_and_what_the_networks_return_are_compared():
    (stage,) = auxiliary(OPTIONS, [0, 1, 2], OptimizerOptions())
    places = [(comparison.teacher_place, comparison.student_place) for comparison in stage.compare]
    assert places == [(1, 1), (2, 2), (None, None)]
    assert stage.layer_scale is None
