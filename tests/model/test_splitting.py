"""Which weights devices divide, and which sizes they can divide."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.model.splitting import count_divided, divided_axes, require_divisible_model


def test_what_reads_the_rows_of_a_block_is_divided_by_its_outputs_and_what_writes_them_by_its_inputs():
    scope = "encoder/layer_07/"
    assert divided_axes(f"{scope}attention/query/kernel") == (None, "model")
    assert divided_axes(f"{scope}attention/query/bias") == ("model",)
    assert divided_axes(f"{scope}attention/output/kernel") == ("model", None)
    assert divided_axes(f"{scope}feed_forward_3/output/kernel") == ("model", None)
    for whole in ("attention/output/bias", "bottleneck_output/kernel", "attention/norm/gamma"):
        assert divided_axes(f"{scope}{whole}") == (None,)


def test_most_of_a_teacher_is_divided():
    # 24 x (three maps from 512 to 1,024 with bias, one of 1,024, a feed-forward network without its last bias)
    block = 3 * (512 + 1) * 1024 + 1024 * 1024 + 4096 * (1024 + 1) + 4096 * 1024
    assert count_divided(SIZES["ib_bert_large"]) == 24 * block


@pytest.mark.parametrize("count", [1, 2, 4])
def test_heads_and_inner_width_are_divided_evenly(count):
    require_divisible_model(SIZES["ib_bert_large"], count, "the teacher")


def test_another_number_of_devices_is_refused_with_one_that_does():
    with pytest.raises(UserError) as refusal:
        require_divisible_model(SIZES["ib_bert_large"], 3, "the teacher")
    assert refusal.value.message == (
        "hosts.model_parallel must divide the heads and the inner width of every layer. Received: 3 for the teacher "
        "with 4 heads and an inner width of 4,096"
    )
    assert refusal.value.hint == "--set hosts.model_parallel=2"
