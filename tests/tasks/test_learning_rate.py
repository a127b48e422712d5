"""The rate that suits an encoder, beside those that others published for it."""

import pytest

from mbert_cli.model.options import SIZES
from mbert_cli.tasks.learning_rate import rate_for, rate_to_try


@pytest.mark.parametrize(
    ("size", "published"),
    [("bert_base", (2e-5, 5e-5)), ("bert_large", (2e-5, 5e-5)), ("mobilebert", (1e-5, 1e-4))],
)
def test_the_rate_is_one_of_those_that_were_searched_for_the_size(size: str, published: tuple[float, float]):
    lowest, highest = published
    assert lowest <= rate_for(SIZES[size]) <= highest


def test_half_the_width_takes_twice_the_rate_and_a_quarter_of_the_depth_too():
    base = SIZES["bert_base"]
    assert rate_for(base) == 5e-5
    assert rate_for(base.model_copy(update={"hidden_dim": 384})) == 1e-4
    assert rate_for(base.model_copy(update={"num_layers": 3})) == 1e-4


@pytest.mark.parametrize(
    ("rate", "other"), [(3e-4, 5e-5), (5e-5, 1.7e-5), (2e-5, 6.7e-6), (1e-5, 5e-5), (1e-7, 5e-5)]
)
def test_after_a_rate_by_which_nothing_was_learned_the_suitable_one_is_tried_and_below_it_a_third(
    rate, other
):
    assert rate_to_try(rate, SIZES["bert_base"]) == other
