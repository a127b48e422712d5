"""What stages cost, on networks so small that it can be counted by hand."""

import math
from dataclasses import replace

import pytest

from mbert_cli.cost.passes import count_operations
from mbert_cli.cost.products import Network, products_of
from mbert_cli.cost.training import Training, cost_of_stage, parameters_of
from mbert_cli.distill.layer_map import map_places
from mbert_cli.distill.options import GeneralOptions, ProgressiveOptions, TinyBertFactors
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.model.cost import count_flops
from mbert_cli.model.options import SIZES
from mbert_cli.model.splitting import count_divided
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage, make_schedule

HEADS = ("masked_language_model", "next_sentence")
STUDENT, TEACHER = SIZES["mobilebert_laptop"], SIZES["ib_bert_laptop"]
BATCH, LENGTH, WORDS, PREDICTIONS = 8, 16, 50, 3
TRAINING = Training(
    "student", Network(STUDENT, WORDS, HEADS), BATCH, {LENGTH: 1.0}, PREDICTIONS, Network(TEACHER, WORDS, HEADS)
)  # fmt: skip
PROGRESSIVE = ProgressiveOptions(strategy="progressive", transfer_steps=8, pretraining_steps=5)


def stages_of(options, student=STUDENT, teacher=TEACHER) -> list[Stage]:
    places = map_places(teacher, student, options)
    return STRATEGIES[options.strategy].stages(options, places, OptimizerOptions())


def up_to(network: Network, depth: int | None) -> int:
    return BATCH * count_operations(products_of(network, LENGTH, PREDICTIONS, depth))


def test_a_stage_of_layer_transfer_runs_both_networks_up_to_its_layer():
    for depth, stage in enumerate(stages_of(PROGRESSIVE)[:-1], start=1):
        step = cost_of_stage(TRAINING, stage).step
        assert step.forward == up_to(TRAINING.network, depth)
        assert step.teacher == up_to(TRAINING.teacher, depth)
        assert step.backward == 2 * step.forward  # layers below go on at a tenth of the rate


def test_frozen_layers_below_have_no_gradients():
    frozen = PROGRESSIVE.model_copy(update={"finished_layer_scale": 0.0})
    third = cost_of_stage(TRAINING, stages_of(frozen)[2])
    block = [one for one in products_of(TRAINING.network, LENGTH, 0) if one.place == 3]
    reading = sum(one.operations for one in block if one.reads_below)
    assert third.step.backward == BATCH * (2 * count_operations(block) - reading)
    shapes = TRAINING.network.shapes
    assert third.trained == sum(math.prod(shapes[name]) for name in shapes if name.startswith("layer_02/"))


def test_pretraining_distillation_runs_both_networks_whole():
    last = cost_of_stage(TRAINING, stages_of(PROGRESSIVE)[-1])
    assert last.step.forward == up_to(TRAINING.network, None)
    assert last.step.teacher == up_to(TRAINING.teacher, None)
    assert last.total.total == 5 * last.step.total
    assert last.validation == last.step.forward + last.step.teacher
    assert last.gradient_bytes == 4 * sum(map(math.prod, TRAINING.network.shapes.values()))


def test_embeddings_bottlenecks_and_heads_are_not_divided_among_the_devices_of_a_model():
    last = cost_of_stage(TRAINING, stages_of(PROGRESSIVE)[-1])
    assert last.divided == count_divided(STUDENT)
    # One of two devices has half of that, and all that is left.
    assert last.trained_per_device(2) == last.trained - count_divided(STUDENT) // 2
    third = cost_of_stage(
        TRAINING, stages_of(PROGRESSIVE.model_copy(update={"finished_layer_scale": 0.0}))[2]
    )
    assert third.divided == count_divided(STUDENT) // STUDENT.num_layers


def test_a_teacher_that_nothing_is_compared_with_does_not_run():
    alone = PROGRESSIVE.model_copy(update={"ground_truth_ratio": 1.0})
    assert cost_of_stage(TRAINING, stages_of(alone)[-1]).step.teacher == 0


def test_projections_count_forward_and_backward_and_train():
    student = SIZES["tinybert_4"].model_copy(update={"num_layers": 2})
    training = Training(
        "student", Network(student, WORDS), 1, {LENGTH: 1.0}, 0, Network(TEACHER, WORDS), "per_place"
    )
    (stage,) = stages_of(GeneralOptions(strategy="general", steps=1, projections="per_place"), student)
    cost = cost_of_stage(training, stage)
    projected = 3 * 2 * LENGTH * 312 * 128  # of the embeddings and both layers
    assert cost.step.forward == count_flops(student, LENGTH) + projected
    assert cost.step.backward == 2 * cost.step.forward
    parameters = parameters_of(training, [stage])
    assert parameters["layer_01_projection"] == 313 * 128
    assert cost.trained == parameters["student"] + 3 * 313 * 128


def test_relations_of_attention_are_products_of_both_sides():
    factors = TinyBertFactors(hidden_states=0.0, attention_scores=0.0, attention_relations=1.0)
    (stage,) = stages_of(GeneralOptions(strategy="general", steps=1, factors=factors))
    cost = cost_of_stage(TRAINING, stage)
    own, theirs = (4 * 3 * 2 * LENGTH * LENGTH * width for width in (64, 192))
    assert cost.step.forward == BATCH * (count_flops(STUDENT, LENGTH) + own)
    assert cost.step.teacher == BATCH * (count_flops(TEACHER, LENGTH) + theirs)


def test_batches_of_several_lengths_count_by_their_shares():
    stage = Stage("fine-tuning", 1, {"cross_entropy": 1.0}, make_schedule(OptimizerOptions(), 1))
    short, long, mixed = (
        cost_of_stage(Training("task_model", Network(STUDENT, WORDS), 1, lengths), stage).step.forward
        for lengths in ({8: 1.0}, {32: 1.0}, {8: 0.75, 32: 0.25})
    )
    assert mixed == pytest.approx(0.75 * short + 0.25 * long)


def test_blocks_that_run_once_more_are_counted_once_more():
    stage = stages_of(PROGRESSIVE)[-1]
    repeated = cost_of_stage(replace(TRAINING, repeats_blocks=True), stage).step.repeated
    embeddings = 2 * LENGTH * 3 * 64 * 128
    assert repeated == BATCH * (count_flops(STUDENT, LENGTH) - embeddings)


def test_projections_beside_the_network_are_not_computed_again():
    general = GeneralOptions(strategy="general", steps=5)
    teacher, student = SIZES["bert_base"], SIZES["tinybert_4"]
    training = Training(
        "student", Network(student, WORDS, HEADS), BATCH, {LENGTH: 1.0}, 0, Network(teacher, WORDS, HEADS),
        repeats_blocks=True,
    )  # fmt: skip
    (stage,) = stages_of(general, student, teacher)
    blocks = [one for one in products_of(training.network, LENGTH, 0) if one.layer.startswith("layer_")]
    assert cost_of_stage(training, stage).step.repeated == BATCH * count_operations(blocks)
