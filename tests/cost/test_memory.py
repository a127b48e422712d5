"""What a device holds, against sums made by hand and against peaks that were measured."""

from dataclasses import replace

import pytest

from mbert_cli.cost.memory import DeviceMemory, memory_of
from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training, cost_of_stage, parameters_of
from mbert_cli.distill.options import ProgressiveOptions
from mbert_cli.distill.strategies import STRATEGIES
from mbert_cli.model.cost import activation_bytes
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.model.splitting import count_divided
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Comparison, Stage, make_schedule

STUDENT, TEACHER = SIZES["mobilebert_laptop"], SIZES["ib_bert_laptop"]
HEADS = ("masked_language_model", "next_sentence")
TRAINING = Training(
    "student", Network(STUDENT, 100, HEADS), 32, {64: 1.0}, 10, Network(TEACHER, 100, HEADS)
)  # fmt: skip
OPTIONS = ProgressiveOptions(strategy="progressive", transfer_steps=8, pretraining_steps=5)
PLAN = STRATEGIES["progressive"].stages(OPTIONS, range(5), OptimizerOptions())
STAGES = [cost_of_stage(TRAINING, stage) for stage in PLAN]


WORDS, PREDICTIONS, BATCH, LENGTH = 10, 2, 5, 4
TINY = SIZES["bert_base"].model_copy(
    update={"num_layers": 1, "hidden_dim": 8, "embedding_dim": 8, "intermediate_dim": 16, "num_heads": 2, "max_length": 4}
)  # fmt: skip
WIDER = TINY.model_copy(
    update={"hidden_dim": 12, "embedding_dim": 12, "intermediate_dim": 20, "num_heads": 3}
)
TAUGHT = Training(
    "student", Network(TINY, WORDS, HEADS[:1]), BATCH, {LENGTH: 1.0}, PREDICTIONS, Network(WIDER, WORDS, HEADS[:1])
)  # fmt: skip
COMPARE = (
    Comparison(0, 0, ("hidden_states",)),
    Comparison(1, 1, ("hidden_states",)),
    Comparison(None, None, ("soft_targets",)),
)
STAGE = Stage("distillation", 1, {"soft_targets": 1.0}, make_schedule(OptimizerOptions(), 1), compare=COMPARE)
LAYER = 4 * (8 * 8 + 8) + 2 * 8 + (8 * 16 + 16) + (16 * 8 + 8) + 2 * 8
EMBEDDINGS = (10 + 4 + 2 + 2) * 8
HEAD = (8 * 8 + 8) + 2 * 8 + 10
PROJECTIONS = 2 * (8 + 1) * 12


def test_a_distillation_of_one_layer_holds_what_can_be_counted_by_hand():
    memory = memory_of(TAUGHT, [cost_of_stage(TAUGHT, STAGE)])
    student = EMBEDDINGS + LAYER + HEAD
    encoder = (10 + 4 + 2 + 2) * 12 + 4 * (12 * 12 + 12) + (12 * 20 + 20) + (20 * 12 + 12) + 4 * 12
    teacher = encoder + (12 * 12 + 12) + 2 * 12 + 10
    assert memory.weights == 4 * (student + teacher + PROJECTIONS)
    assert memory.optimizer == 4 * 3 * (student + PROJECTIONS)
    # For each token the outputs of six products, four more arrays as wide, three for each of two norms, and two for
    # GELU; and three of attention for each of two heads.
    kept = (4 * 8 + 16 + 8) + 4 * 8 + 2 * 3 * 8 + 2 * 16 + 3 * 2 * LENGTH
    scores = 3 * PREDICTIONS * WORDS
    states, attention = 2 * LENGTH * 12, 3 * LENGTH * LENGTH
    projected = 2 * 2 * LENGTH * 12
    assert memory.activations == 4 * BATCH * (LENGTH * kept + 2 * scores + states + attention + projected)
    assert memory.total == memory.weights + memory.optimizer + memory.activations


def test_layers_that_train_in_no_stage_have_neither_gradients_nor_moments():
    frozen = replace(STAGE, layer_scale={"layer_00": 1.0, "masked_language_model": 1.0})
    memory, whole = (memory_of(TAUGHT, [cost_of_stage(TAUGHT, stage)]) for stage in (frozen, STAGE))
    assert memory.optimizer == 4 * 3 * (LAYER + HEAD + PROJECTIONS)
    assert memory == replace(whole, optimizer=memory.optimizer)


@pytest.mark.parametrize("parts", [1, 2])
def test_without_a_stage_the_whole_network_trains(parts):
    trained = replace(STAGE, compare=())
    shared = {"devices": parts, "model_parallel": parts}
    assert memory_of(TAUGHT, [], **shared) == memory_of(TAUGHT, [cost_of_stage(TAUGHT, trained)], **shared)


def test_weights_are_those_of_both_networks_and_the_optimizer_has_three_numbers_for_each_that_trains():
    memory = memory_of(TRAINING, STAGES)
    counts = parameters_of(TRAINING, PLAN)
    assert memory.weights == 4 * (counts["teacher"] + counts["student"])
    assert memory.optimizer == 3 * 4 * counts["student"]
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
    memory = memory_of(replace(TRAINING, repeats_blocks=True), STAGES)
    assert memory.activations == memory.repeated_activations < memory.kept_activations
    saved = activation_bytes(STUDENT, 32, 64) - activation_bytes(STUDENT, 32, 64, rematerialize=True)
    assert memory.kept_activations - memory.repeated_activations == saved
    assert memory_of(TRAINING, STAGES).activations == memory.kept_activations


def test_a_gpu_keeps_less_of_what_the_training_holds():
    for repeats in (False, True):
        memory = memory_of(replace(TRAINING, repeats_blocks=repeats), STAGES)
        saved = activation_bytes(STUDENT, 32, 64, rematerialize=repeats) - activation_bytes(
            STUDENT, 32, 64, rematerialize=repeats, fused=True
        )
        assert memory.total - memory.fused_total == memory.activations - memory.fused_activations == saved > 0


def alone(
    size: Architecture,
    vocab_size: int,
    batch_size: int,
    length: int,
    predictions: int = 0,
    *,
    float_bytes: int = 4,
    repeats_blocks: bool = False,
) -> DeviceMemory:
    """What a network holds that trains without a teacher; with the heads of pre-training where words are predicted."""
    network = Network(size, vocab_size, HEADS if predictions else ())
    training = Training(
        "network", network, batch_size, {length: 1.0}, predictions, repeats_blocks=repeats_blocks
    )
    return memory_of(training, [], float_bytes=float_bytes)


@pytest.mark.parametrize(("rows", "measured"), [((16, 128), 2.23), ((64, 128), 4.05), ((16, 512), 6.85)])
def test_the_estimate_is_near_the_measured_peak_of_a_fine_tuning(rows, measured):
    # MiniLM, float32, two steps on 2 cores; 1.1 GB are the libraries.
    changes = {"num_layers": 6, "hidden_dim": 384, "intermediate_dim": 1536, "embedding_dim": 384}
    size = SIZES["bert_base"].model_copy(update=changes | {"activation": "gelu_exact"})
    assert alone(size, 30_522, *rows).total / 1e9 + 1.1 == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(
    ("widths", "rows", "measured"), [((8, 256, 4), (32, 256), 2.17), ((6, 384, 12), (16, 512), 3.24)]
)
def test_the_estimate_is_near_the_measured_peak_where_blocks_are_computed_again(
    widths, rows, measured, monkeypatch
):
    # Fine-tunings as above with 3,000 words, the wider one with the exact gelu.
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    layers, width, heads = widths
    changes = {"num_layers": layers, "num_heads": heads, "hidden_dim": width, "embedding_dim": width}
    size = SIZES["bert_base"].model_copy(update=changes | {"intermediate_dim": 4 * width})
    estimate = alone(size, 3000, *rows, repeats_blocks=True)
    assert estimate.total / 1e9 + 1.1 == pytest.approx(measured, rel=0.12)


def test_the_estimate_of_a_large_teacher_is_near_that_of_xla(monkeypatch):
    # tests/benchmarks/step_memory.py: 8.00 GB with rematerialisation, in float32 with a batch of 32 x 512
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    estimate = alone(SIZES["ib_bert_large"], 30_522, 32, 512, 77, repeats_blocks=True)
    assert estimate.total / 1e9 == pytest.approx(8.00, rel=0.25)


@pytest.mark.parametrize(
    ("name", "rows", "again", "measured"),
    [
        ("mobilebert", (256, 128, 19), False, 11.8), ("mobilebert", (64, 512, 77), False, 18.0),
        ("ib_bert_large", (128, 128, 19), False, 24.9), ("ib_bert_large", (32, 512, 77), False, 28.0),
        ("ib_bert_large", (32, 512, 77), True, 6.1),
    ],
)  # fmt: skip
def test_the_estimate_for_a_gpu_is_near_the_measured_peak(name, rows, again, measured, monkeypatch):
    # tests/benchmarks/gpu.py: bfloat16 on one H100
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    estimate = alone(SIZES[name], 30_522, *rows, float_bytes=2, repeats_blocks=again)
    assert estimate.fused_total / 1e9 == pytest.approx(measured, rel=0.18 if again else 0.06)
