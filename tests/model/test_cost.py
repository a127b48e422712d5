"""What a size costs, against the networks themselves and the numbers of the papers' code."""

import pytest

from mbert_cli.model.cost import (
    activation_bytes,
    count_elsewhere,
    count_flops,
    count_parameters,
    size_bytes,
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

    assert activation_bytes(size, 64, 128) == 2 * activation_bytes(size, 32, 128)
    assert activation_bytes(size, 32, 256) > 2 * activation_bytes(size, 32, 128)
    assert activation_bytes(size, 32, 256) < 4 * activation_bytes(size, 32, 128)


@pytest.mark.parametrize(("backend", "copies"), [("tensorflow", 2), ("jax", 1)])
def test_what_is_computed_again_is_there_for_a_block_or_a_few_and_the_input_of_each(
    backend, copies, monkeypatch
):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    size = SIZES["ib_bert_large"]
    block = activation_bytes(size, 32, 512) // 24
    inputs = 4 * 24 * 32 * 512 * 512
    assert activation_bytes(size, 32, 512, rematerialize=True) == inputs + copies * block


def test_devices_that_divide_a_model_share_out_its_kernels_and_what_is_inside_its_layers():
    size = SIZES["ib_bert_large"]
    assert count_elsewhere(size, 1) == 0
    assert count_parameters(size, 30_522) - count_elsewhere(size, 4) < 0.35 * count_parameters(size, 30_522)
    one, four = (activation_bytes(size, 32, 512, model_parallel=count) for count in (1, 4))
    assert 0.25 * one < four < 0.6 * one
