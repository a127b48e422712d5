"""Which losses compare which places."""

from mbert_cli.distill.options import GeneralOptions
from mbert_cli.distill.strategies.layers import compare_all, compare_layers, transfer_weights
from mbert_cli.train.stage import Comparison


def options(**factors: float) -> GeneralOptions:
    return GeneralOptions(strategy="general", factors=factors)


def test_a_loss_with_a_factor_of_0_is_left_out():
    assert transfer_weights(options()) == {"hidden_states": 1.0, "attention_scores": 1.0}
    assert transfer_weights(options(hidden_states=0, feature_map=2)) == {
        "feature_map": 2.0, "attention_scores": 1.0,
    }  # fmt: skip


def test_layers_are_compared_with_those_of_the_teacher_that_they_are_mapped_to():
    losses = ("hidden_states", "attention_scores")
    assert compare_layers(options(), [0, 3, 6], [1]) == (Comparison(6, 2, losses),)


def test_embeddings_have_hidden_states_and_no_attention():
    both, hidden = ("hidden_states", "attention_scores"), ("hidden_states",)
    assert compare_all(options(), [0, 3, 6]) == (
        Comparison(0, 0, hidden), Comparison(3, 1, both), Comparison(6, 2, both),
    )  # fmt: skip


def test_where_attention_alone_is_compared_embeddings_are_not():
    compared = compare_all(options(hidden_states=0), [0, 3])
    assert compared == (Comparison(3, 1, ("attention_scores",)),)
