"""The stages of joint transfer."""

from mbert_cli.distill.options import JointOptions
from mbert_cli.distill.strategies.joint import joint
from mbert_cli.train.options import OptimizerOptions

OPTIMIZER = OptimizerOptions(learning_rate=2e-3, warmup_rate=0.1, final_rate=0.5)
OPTIONS = JointOptions(strategy="joint", transfer_steps=10, pretraining_steps=20, transfer_learning_rate=4e-3)


def test_all_layers_are_compared_and_trained_together():
    transfer, _ = joint(OPTIONS, [0, 2, 4], OPTIMIZER)
    places = [(comparison.teacher_place, comparison.student_place) for comparison in transfer.compare]
    assert places == [(2, 1), (4, 2)]
    assert transfer.layer_scale == {"embeddings": 1.0, "layer_00": 1.0, "layer_01": 1.0}


def test_transfer_can_have_a_learning_rate_of_its_own_which_stays_constant():
    transfer, pretraining = joint(OPTIONS, [0, 2, 4], OPTIMIZER)
    assert (transfer.schedule.peak, transfer.schedule.final) == (4e-3, 1.0)
    assert (pretraining.schedule.peak, pretraining.schedule.final) == (2e-3, 0.5)
    assert (transfer.schedule.warmup_steps, pretraining.schedule.warmup_steps) == (1, 2)
