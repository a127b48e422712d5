"""The stages of layer-by-layer transfer."""

import pytest

from mbert_cli.distill.options import ProgressiveOptions
from mbert_cli.distill.strategies.progressive import progressive
from mbert_cli.errors import UserError
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Comparison

OPTIMIZER = OptimizerOptions(learning_rate=2e-3, warmup_rate=0.1, final_rate=0.0)
EVERY_SECOND = [0, 2, 4, 6, 8]
"""Places of a teacher of eight layers for a student of four."""


def stages(**options):
    settings = ProgressiveOptions(strategy="progressive", transfer_steps=10, pretraining_steps=20, **options)
    return progressive(settings, EVERY_SECOND, OPTIMIZER)


def test_there_is_one_stage_for_each_layer_and_then_distillation():
    assert [(stage.name, stage.steps) for stage in stages()] == [
        ("transfer layer_00", 2), ("transfer layer_01", 3), ("transfer layer_02", 2), ("transfer layer_03", 3),
        ("pre-training distillation", 20),
    ]  # fmt: skip


def test_the_stage_of_a_layer_compares_its_output_with_that_of_the_layer_it_learns_from():
    losses = "feature_map", "feature_mean", "feature_variance", "attention"
    plan = stages()
    assert [stage.compare for stage in plan[:4]] == [
        (Comparison(teacher_place=2 * place, student_place=place, losses=losses),) for place in (1, 2, 3, 4)
    ]
    assert plan[4].compare == (Comparison(None, None, ("pretraining_distillation",)),)


def test_finished_layers_train_at_the_given_scale_and_layers_above_do_not():
    plan = stages(finished_layer_scale=0.25)
    assert plan[2].layer_scale == {
        "embeddings": 0.25, "layer_00": 0.25, "layer_01": 0.25, "layer_02": 1.0,
    }  # fmt: skip


def test_a_scale_of_zero_freezes_finished_layers():
    plan = stages(finished_layer_scale=0)
    assert plan[1].layer_scale == {"embeddings": 0.0, "layer_00": 0.0, "layer_01": 1.0}


def test_embeddings_that_are_not_copied_learn_in_the_first_stage():
    plan = stages(warm_start=[])
    assert plan[0].layer_scale["embeddings"] == 1.0
    assert plan[1].layer_scale["embeddings"] == 0.1


def test_each_layer_warms_up_for_its_share_of_its_steps():
    schedule = stages(warmup_rate=0.5)[1].schedule
    assert (schedule.peak, schedule.steps, schedule.warmup_steps, schedule.final) == (2e-3, 3, 2, 1.0)


def test_fewer_steps_than_layers_are_refused():
    options = ProgressiveOptions(strategy="progressive", transfer_steps=3, pretraining_steps=1)
    with pytest.raises(UserError) as error:
        progressive(options, EVERY_SECOND, OPTIMIZER)
    assert error.value.message == (
        "The strategy progressive needs at least one transfer step per layer. Received: 3 steps for 4 layers"
    )
    assert error.value.hint == "Raise distill.transfer_steps."
