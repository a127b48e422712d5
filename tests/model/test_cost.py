"""What a size costs, against the networks themselves and the numbers of the papers' code."""

import pytest

from mbert_cli.model.cost import (
    activation_bytes,
    count_elsewhere,
    count_flops,
    count_parameters,
    size_bytes,
    training_bytes,
)
from mbert_cli.model.options import SIZES


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mobilebert", 24_581_888),
        ("ib_bert_large", 294_205_184),
        ("mobilebert_tiny", 15_485_696),
        ("bert_base", 108_891_648),
        ("tinybert_4", 14_252_592),
        ("tinybert_6", 66_364_416),
        ("distilbert_6", 66_362_880),
    ],
)
def test_the_sizes_of_the_papers_have_the_parameters_of_their_code(name, parameters):
    assert count_parameters(SIZES[name], 30_522) == parameters


@pytest.mark.parametrize(
    ("name", "length", "billions"),
    [
        ("bert_base", 128, 22.35),
        ("bert_base", 384, 70.7),
        ("bert_base", 512, 96.6),
        ("mobilebert", 128, 5.39),
        ("mobilebert", 512, 24.0),
        ("mobilebert_tiny", 128, 3.07),
        ("ib_bert_large", 128, 75.7),
    ],
)
def test_operations_are_twice_the_multiplications_of_the_matrix_products(name, length, billions):
    assert count_flops(SIZES[name], length) / 1e9 == pytest.approx(billions, rel=5e-3)


def test_a_file_has_four_two_and_about_one_byte_a_weight():
    size = SIZES["mobilebert"]
    assert size_bytes(size, 30_522, kernel_bytes=4, vector_bytes=4) == 4 * 24_581_888
    assert size_bytes(size, 30_522, kernel_bytes=2, vector_bytes=2) == 2 * 24_581_888
    assert 24_581_888 < size_bytes(size, 30_522, kernel_bytes=1, vector_bytes=4) < 1.1 * 24_581_888


def test_the_memory_of_a_step_grows_with_the_batch_and_faster_than_the_length():
    size = SIZES["bert_base"]

    def activations(batch_size: int, length: int) -> int:
        return training_bytes(size, 30_522, batch_size, length) - training_bytes(size, 30_522, 0, length)

    assert activations(64, 128) == 2 * activations(32, 128)
    assert activations(32, 256) > 2 * activations(32, 128)
    assert activations(32, 256) < 4 * activations(32, 128)


@pytest.mark.parametrize(("rows", "measured"), [((16, 128), 2.23), ((64, 128), 4.05), ((16, 512), 6.85)])
def test_the_estimate_is_near_the_measured_peak_of_a_fine_tuning(rows, measured):
    # MiniLM, float32, two steps on 2 cores; 1.1 GB are the libraries.
    changes = {"num_layers": 6, "hidden_dim": 384, "intermediate_dim": 1536, "embedding_dim": 384}
    size = SIZES["bert_base"].model_copy(update=changes | {"activation": "gelu_exact"})
    assert training_bytes(size, 30_522, *rows) / 1e9 + 1.1 == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(("backend", "copies"), [("tensorflow", 2), ("jax", 1)])
def test_what_is_computed_again_is_there_for_a_block_or_a_few_and_the_input_of_each(
    backend, copies, monkeypatch
):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    size = SIZES["ib_bert_large"]
    block = activation_bytes(size, 32, 512) // 24
    inputs = 4 * 24 * 32 * 512 * 512
    assert activation_bytes(size, 32, 512, rematerialize=True) == inputs + copies * block


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
    estimate = training_bytes(size, 3000, *rows, rematerialize=True)
    assert estimate / 1e9 + 1.1 == pytest.approx(measured, rel=0.12)


def test_the_estimate_of_a_large_teacher_is_near_that_of_xla(monkeypatch):
    # tests/benchmarks/step_memory.py: 8.00 GB with rematerialisation, in float32 with a batch of 32 x 512
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    estimate = training_bytes(SIZES["ib_bert_large"], 30_522, 32, 512, 77, rematerialize=True)
    assert estimate / 1e9 == pytest.approx(8.00, rel=0.25)


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
    batch, length, predictions = rows
    estimate = training_bytes(
        SIZES[name], 30_522, batch, length, predictions, 2, rematerialize=again, fused=True
    )
    assert estimate / 1e9 == pytest.approx(measured, rel=0.18 if again else 0.06)


def test_devices_that_divide_a_model_share_out_its_kernels_and_what_is_inside_its_layers():
    size = SIZES["ib_bert_large"]
    assert count_elsewhere(size, 1) == 0
    assert count_parameters(size, 30_522) - count_elsewhere(size, 4) < 0.35 * count_parameters(size, 30_522)
    one, four = (activation_bytes(size, 32, 512, model_parallel=count) for count in (1, 4))
    assert 0.25 * one < four < 0.6 * one
