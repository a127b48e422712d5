"""The train section of a recipe."""

from mbert_cli.train.options import TrainOptions


def test_an_activation_has_the_bytes_of_its_precision():
    assert (TrainOptions().float_bytes, TrainOptions(precision="bfloat16").float_bytes) == (4, 2)
