"""A batch in parts gives what the whole batch gives."""

import keras
import numpy as np
import pytest

from mbert_cli.backend import in_streams
from mbert_cli.distill.pair import HEAD_LOSSES, PROJECTED_LOSSES, DistillationPair
from mbert_cli.losses.loss import Loss, measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.losses.tasks import TASK_LOSSES
from mbert_cli.losses.transfer import output_losses
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import ModelOptions
from mbert_cli.train.feed import Feed
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Comparison
from mbert_cli.train.streams import count_shards, mean_of_shards

CHANGES = {"num_layers": 2, "hidden_dim": 16, "embedding_dim": 8, "intermediate_dim": 16, "num_heads": 2}
TEACHER = ModelOptions(size="ib_bert_laptop", changes=CHANGES | {"intra_dim": 24}).resolve()
STUDENT = ModelOptions(size="mobilebert_laptop", changes=CHANGES | {"intra_dim": 8}).resolve()
VOCABULARY = 50


def make_batch() -> dict[str, np.ndarray]:
    """Four examples whose halves differ in tokens, masked tokens and fillers."""
    generator = np.random.default_rng(0)
    lengths = np.array([[10], [9], [4], [3]])
    return {
        "token_ids": generator.integers(1, VOCABULARY, (4, 10)).astype("int32"),
        "segment_ids": np.zeros((4, 10), "int32"),
        "padding_mask": (np.arange(10) < lengths).astype("int32"),
        "masked_positions": np.array([[1, 2], [1, 3], [2, 0], [0, 0]], "int32"),
        "masked_ids": np.array([[5, 6], [7, 8], [9, 0], [0, 0]], "int32"),
        "masked_weights": np.array([[1, 1], [1, 1], [1, 0], [0, 0]], "float32"),
        "next_sentence": np.array([0, 1, 1, 0], "int32"),
        "labels": np.array([0, 1, 1, 0], "int32"),
        "example_weights": np.array([1, 1, 1, 0], "float32"),
    }


def test_every_loss_of_distillation_is_the_same_in_parts():
    teacher, student = (
        build_pretraining_network(size, vocab_size=VOCABULARY, seed=seed, returns_projections=True)
        for seed, size in enumerate((TEACHER, STUDENT))
    )
    losses = (*PROJECTED_LOSSES, *HEAD_LOSSES, "attention_relations")
    layers = [Comparison(place, place, losses) for place in (1, 2)]
    of_outputs = output_losses(0.5, 2.0)
    both = DistillationPair(
        teacher, student, [*layers, Comparison(None, None, tuple(of_outputs))],
        output_losses=of_outputs, student_losses=PRETRAINING_LOSSES, relation_heads=4,
    )  # fmt: skip
    whole = both(make_batch())
    parts = mean_of_shards(both, make_batch(), 2, both.known_losses)
    assert list(parts) == list(whole)
    assert set(whole) == set(both.known_losses)
    for name, value in whole.items():
        assert float(parts[name]) == pytest.approx(float(value), rel=1e-5), name


def test_every_loss_of_classification_is_the_same_in_parts():
    network = build_task_network(STUDENT, vocab_size=VOCABULARY, num_outputs=2)

    losses = TASK_LOSSES["cross_entropy"].losses

    def figures(batch):
        return measure(losses, network(inputs_of(network, batch)), batch)

    whole, parts = figures(make_batch()), mean_of_shards(figures, make_batch(), 2, losses)
    assert {k: float(v) for k, v in parts.items()} == pytest.approx({k: float(v) for k, v in whole.items()})


def test_a_part_without_anything_that_counts_changes_nothing():
    network = build_pretraining_network(STUDENT, vocab_size=VOCABULARY)
    batch = make_batch()
    batch["masked_weights"][2:] = 0

    def figures(batch):
        return measure(PRETRAINING_LOSSES, network(inputs_of(network, batch)), batch)

    whole, parts = figures(batch), mean_of_shards(figures, batch, 2, PRETRAINING_LOSSES)
    assert {k: float(v) for k, v in parts.items()} == pytest.approx({k: float(v) for k, v in whole.items()})


def test_a_step_in_parts_moves_the_weights_like_a_step_on_the_whole():
    def weights_after_a_step(shards: int) -> list[np.ndarray]:
        network = build_pretraining_network(STUDENT, vocab_size=VOCABULARY, seed=3)

        def figures(batch, training):
            return measure(PRETRAINING_LOSSES, network(inputs_of(network, batch), training=training), batch)

        objective = Objective(network, figures, {"masked_language_model": 1.0}, PRETRAINING_LOSSES)
        objective.compile(optimizer=keras.optimizers.SGD(1.0))
        objective.shards = shards
        feed = Feed(lambda step: make_batch(), range(1))
        objective.fit(feed, steps_per_epoch=1, shuffle=False, verbose=0)
        return [weight.numpy() for weight in network.weights]

    for whole, parts in zip(weights_after_a_step(1), weights_after_a_step(2), strict=True):
        # Gradients here reach 10, and a sum in another order is off by a few of float32's 1e-7 of that.
        np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-6 * max(1, np.abs(whole).max()))


def test_a_figure_that_does_not_say_what_weighs_it_is_an_error():
    with pytest.raises(
        ValueError, match=r"^Every figure must say what weighs its mean\. Received: b without$"
    ):
        mean_of_shards(lambda batch: {"a": 1.0, "b": 2.0}, make_batch(), 2, {"a": Loss(min, None)})


@pytest.mark.parametrize(
    ("options", "shards"),
    [({"batch_size": 8}, 2), ({"batch_size": 7}, 1), ({"batch_size": 8, "jit_compile": True}, 1)],
)
def test_only_an_even_batch_of_a_step_that_is_not_compiled_is_cut(options, shards):
    assert count_shards(TrainOptions(**options)) == shards


def test_values_come_in_the_order_of_the_items():
    assert list(in_streams(lambda item: item * 2, range(20))) == list(range(0, 40, 2))
