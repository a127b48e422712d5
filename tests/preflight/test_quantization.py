"""What the section quantize of a fine-tuning needs."""

import pytest


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["quantize.mode=int8", "train.precision=bfloat16"],
            "A model that learns rounded numbers computes in float32. Received: train.precision bfloat16",
        ),
        (
            ["quantize.mode=int8", "quantize.block_size=32"],
            "quantize.block_size is for kernels of four bits. Received: 32 with int8",
        ),
        (
            ["quantize.mode=int8", "quantize.target=npu"],
            "Artifacts of int8 run on a CPU and a GPU. Received: quantize.target npu with int8",
        ),
        (
            ["quantize.mode=int16x8"],
            "Artifacts of int16x8 run on an NPU. Received: quantize.target cpu with int16x8",
        ),
        (
            ["quantize.mode=int4", "quantize.block_size=64"],
            "Blocks must divide every width of the encoder evenly. Received: quantize.block_size 64 and a width of 312",
        ),
    ],
)
def test_numbers_that_cannot_be_learned_are_refused(make_run, checks, table, settings, message):
    path = make_run("train-teacher", "tinybert_4")
    found = checks("finetune", "quickstart", f"source={path}", *settings)
    assert found["quantization"] == (False, message)
