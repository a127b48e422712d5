"""What the strategies of MobileBERT's paper have in common."""

import pytest

from mbert_cli.distill.options import AuxiliaryOptions, JointOptions, ProgressiveOptions
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.train.options import OptimizerOptions

OPTIONS = {"progressive": ProgressiveOptions, "joint": JointOptions, "auxiliary": AuxiliaryOptions}


def stages(strategy: str, **options):
    settings = OPTIONS[strategy](strategy=strategy, transfer_steps=10, pretraining_steps=20, **options)
    return STRATEGIES[strategy].stages(settings, range(5), OptimizerOptions(learning_rate=2e-3))


@pytest.mark.parametrize("strategy", OPTIONS)
def test_all_strategies_take_the_same_number_of_steps(strategy):
    assert sum(stage.steps for stage in stages(strategy)) == 30


@pytest.mark.parametrize("strategy", OPTIONS)
def test_every_loss_that_compares_has_a_weight_in_its_stage(strategy):
    for stage in stages(strategy):
        compared = {name for comparison in stage.compare for name in comparison.losses}
        assert compared == set(stage.loss_weights) - {"next_sentence"}


def test_transfer_has_the_factors_of_the_paper():
    assert stages("progressive")[0].loss_weights == {
        "feature_map": 100, "feature_mean": 5000, "feature_variance": 5, "attention": 1,
    }  # fmt: skip


@pytest.mark.parametrize("strategy", OPTIONS)
def test_a_loss_with_a_factor_of_zero_is_neither_weighed_nor_compared(strategy):
    stage = stages(strategy, factors={"attention": 0, "feature_mean": 0})[0]
    assert stage.compare[0].losses == ("feature_map", "feature_variance")
    assert not {"attention", "feature_mean"} & set(stage.loss_weights)


@pytest.mark.parametrize("strategy", OPTIONS)
def test_words_learned_from_the_text_alone_need_no_predictions_of_a_teacher(strategy):
    plan = stages(strategy, ground_truth_ratio=1)
    assert all(one.teacher_place is not None for stage in plan for one in stage.compare)
    last = plan[-1].loss_weights
    assert (last["masked_language_model"], last["next_sentence"]) == (1.0, 1.0)
    assert "pretraining_distillation" not in last
