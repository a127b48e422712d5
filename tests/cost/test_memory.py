"""What a device holds, against sums made by hand and against the estimate of the pre-flight."""

from dataclasses import replace

from mbert_cli.cost.memory import memory_of
from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training, cost_of_stage, parameters_of
from mbert_cli.distill.options import ProgressiveOptions
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.model.cost import activation_bytes, comparing_bytes, training_bytes
from mbert_cli.model.options import SIZES
from mbert_cli.model.splitting import count_divided
from mbert_cli.train.options import OptimizerOptions

STUDENT, TEACHER = SIZES["mobilebert_laptop"], SIZES["ib_bert_laptop"]
HEADS = ("masked_language_model", "next_sentence")
TRAINING = Training(
    "student", Network(STUDENT, 100, HEADS), 32, {64: 1.0}, 10, Network(TEACHER, 100, HEADS)
)  # fmt: skip
OPTIONS = ProgressiveOptions(strategy="progressive", transfer_steps=8, pretraining_steps=5)
PLAN = STRATEGIES["progressive"].stages(OPTIONS, range(5), OptimizerOptions())
STAGES = [cost_of_stage(TRAINING, stage) for stage in PLAN]


def test_weights_are_those_of_both_networks_and_the_optimizer_has_three_numbers_for_each_that_trains():
    held = memory_of(TRAINING, STAGES)
    counts = parameters_of(TRAINING, PLAN)
    assert held.weights == 4 * (counts["teacher"] + counts["student"])
    assert held.optimizer == 3 * 4 * counts["student"]
    assert memory_of(TRAINING, STAGES, accumulates=True).optimizer == 4 * 4 * counts["student"]


def test_a_device_holds_the_activations_of_its_own_rows():
    one, eight = memory_of(TRAINING, STAGES), memory_of(TRAINING, STAGES, devices=8)
    assert (eight.weights, eight.optimizer) == (one.weights, one.optimizer)
    assert 8 * eight.activations == one.activations


def test_devices_that_divide_a_model_hold_its_kernels_in_parts_and_the_rest_whole():
    one, four = (memory_of(TRAINING, STAGES, devices=4, model_parallel=count) for count in (1, 4))
    divided = count_divided(STUDENT) * 3 // 4
    assert one.weights - four.weights == 4 * (divided + count_divided(TEACHER) * 3 // 4)
    assert abs(one.optimizer - four.optimizer - 3 * 4 * divided) <= 3 * 4


def test_blocks_that_are_computed_again_keep_less():
    held = memory_of(replace(TRAINING, repeats_blocks=True), STAGES)
    assert held.activations == held.repeated_activations < held.kept_activations
    saved = activation_bytes(STUDENT, 32, 64) - activation_bytes(STUDENT, 32, 64, rematerialize=True)
    assert held.kept_activations - held.repeated_activations == saved
    assert memory_of(TRAINING, STAGES).activations == held.kept_activations


def test_all_together_is_what_the_preflight_looks_at():
    held = memory_of(TRAINING, STAGES)
    looked_at = training_bytes(STUDENT, 100, 32, 64, 10) + comparing_bytes(TEACHER, 100, 32, 64, 10)
    assert (
        abs(held.total - looked_at) < 0.01 * looked_at
    )  # the next sentence's head of the teacher is not counted there


def test_a_gpu_keeps_less_of_what_the_training_holds():
    for repeats in (False, True):
        held = memory_of(replace(TRAINING, repeats_blocks=repeats), STAGES)
        saved = activation_bytes(STUDENT, 32, 64, rematerialize=repeats) - activation_bytes(
            STUDENT, 32, 64, rematerialize=repeats, fused=True
        )
        assert held.total - held.fused_total == held.activations - held.fused_activations == saved > 0
