"""Stages of each strategy, and the map from student to teacher layers."""

import pytest

from mbert_cli.distill.options import DistillOptions
from mbert_cli.distill.strategies import STRATEGIES, map_layers
from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.train.options import OptimizerOptions

OPTIMIZER = OptimizerOptions(learning_rate=2e-3, warmup_rate=0.1, final_rate=0.0)


def stages(strategy: str, **options):
    settings = DistillOptions(strategy=strategy, transfer_steps=10, pretraining_steps=20, **options)
    return STRATEGIES[strategy](settings, 4, OPTIMIZER)


def test_progressive_has_one_stage_a_layer_and_then_distillation():
    plan = stages("progressive")
    assert [stage.last_layer for stage in plan] == [0, 1, 2, 3, None]
    assert [stage.name for stage in plan] == [
        "transfer layer_00", "transfer layer_01", "transfer layer_02", "transfer layer_03",
        "pre-training distillation",
    ]  # fmt: skip


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_all_strategies_take_the_same_total_of_steps(strategy):
    assert sum(stage.steps for stage in stages(strategy)) == 30


def test_finished_layers_train_at_the_given_scale_and_layers_above_do_not():
    plan = stages("progressive", progressive={"finished_layer_scale": 0.25})
    assert plan[2].layer_scale == {
        "embeddings": 0.25, "layer_00": 0.25, "layer_01": 0.25, "layer_02": 1.0,
    }  # fmt: skip


def test_a_scale_of_zero_freezes_finished_layers():
    plan = stages("progressive", progressive={"finished_layer_scale": 0})
    assert plan[1].layer_scale == {"embeddings": 0.0, "layer_00": 0.0, "layer_01": 1.0}


def test_embeddings_that_are_not_copied_learn_in_the_first_stage():
    plan = stages("progressive", warm_start=[])
    assert plan[0].layer_scale["embeddings"] == 1.0
    assert plan[1].layer_scale["embeddings"] == 0.1


def test_transfer_has_the_factors_of_the_paper():
    assert stages("progressive")[0].loss_weights == {
        "feature_map": 100, "feature_mean": 5000, "feature_variance": 5, "attention": 1,
    }  # fmt: skip


def test_auxiliary_weighs_transfer_and_distillation_in_one_stage():
    (stage,) = stages("auxiliary")
    assert stage.loss_weights == {
        "feature_map": 100, "feature_mean": 5000, "feature_variance": 5, "attention": 1,
        "pretraining_distillation": 1, "next_sentence": 1,
    }  # fmt: skip


def test_transfer_can_have_a_learning_rate_of_its_own():
    plan = stages("joint", transfer_learning_rate=4e-3)
    assert [stage.schedule.peak for stage in plan] == [4e-3, 2e-3]


def test_fewer_steps_than_layers_are_refused():
    options = DistillOptions(strategy="progressive", transfer_steps=3, pretraining_steps=1)
    with pytest.raises(UserError) as error:
        STRATEGIES["progressive"](options, 4, OPTIMIZER)
    assert error.value.message == (
        "The strategy progressive needs at least one transfer step a layer. Received: 3 steps for 4 layers."
    )
    assert error.value.hint == "Raise distill.transfer_steps."


def test_layers_map_evenly():
    student = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 2})
    assert map_layers(SIZES["ib_bert_laptop"], student, DistillOptions()) == [1, 3]


def test_layers_that_do_not_divide_are_refused():
    student = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 3})
    with pytest.raises(UserError) as error:
        map_layers(SIZES["ib_bert_laptop"], student, DistillOptions())
    assert error.value.message == (
        "The teacher's layers must be a multiple of the student's to be mapped evenly. "
        "Received: 4 teacher layers and 3 student layers."
    )
    assert error.value.hint == (
        "Name the teacher layer for each student layer with --set distill.layer_map='[0, 2, …]'."
    )


def test_a_layer_map_of_another_length_is_refused():
    with pytest.raises(UserError) as error:
        map_layers(SIZES["ib_bert_laptop"], SIZES["mobilebert_laptop"], DistillOptions(layer_map=[0, 4]))
    assert error.value.message == (
        "distill.layer_map needs one teacher layer, 0 to 3, for each of the student's 4 layers. "
        "Received: [0, 4]."
    )


def test_models_of_another_width_cannot_be_compared():
    with pytest.raises(UserError) as error:
        map_layers(SIZES["ib_bert_large"], SIZES["mobilebert_laptop"], DistillOptions())
    assert error.value.message == (
        "Layer transfer compares maps of equal shape, so hidden_dim must be the same in both models. "
        "Received: 512 in the teacher and 128 in the student."
    )
    assert error.value.hint == "Choose another model.size, or --set model.changes.hidden_dim=512."
