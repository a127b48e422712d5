"""Teacher and student together: which losses come out, and which layers they reach."""

import numpy as np
import pytest
from keras import ops

from mbert_cli.distill.pair import DistillationPair
from mbert_cli.losses.transfer import ATTENTION_LOSSES, HIDDEN_LOSSES
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import ModelOptions
from mbert_cli.train.stage import Comparison

CHANGES = {"num_layers": 2, "hidden_dim": 16, "embedding_dim": 8, "intermediate_dim": 16, "num_heads": 2}
TEACHER = ModelOptions(size="ib_bert_laptop", changes=CHANGES | {"intra_dim": 24}).resolve()
STUDENT = ModelOptions(size="mobilebert_laptop", changes=CHANGES | {"intra_dim": 8}).resolve()
NARROW = ModelOptions(
    size="mobilebert_laptop", changes=CHANGES | {"intra_dim": 8, "hidden_dim": 12}
).resolve()
VOCABULARY = 50


@pytest.fixture(scope="module")
def networks():
    teacher = build_pretraining_network(TEACHER, vocab_size=VOCABULARY, seed=1)
    student = build_pretraining_network(STUDENT, vocab_size=VOCABULARY, seed=2)
    return teacher, student


@pytest.fixture(scope="module")
def batch():
    generator = np.random.default_rng(0)
    ids = generator.integers(1, VOCABULARY, (3, 10)).astype("int32")
    return {
        "token_ids": ids,
        "segment_ids": np.zeros((3, 10), "int32"),
        "padding_mask": (np.arange(10) < np.array([[10], [7], [4]])).astype("int32"),
        "masked_positions": np.array([[1, 2], [1, 3], [2, 0]], "int32"),
        "masked_ids": np.array([[5, 6], [7, 8], [9, 0]], "int32"),
        "masked_weights": np.array([[1, 1], [1, 1], [1, 0]], "float32"),
        "next_sentence": np.array([0, 1, 1], "int32"),
    }


TRANSFER = (*HIDDEN_LOSSES, *ATTENTION_LOSSES)
OUTPUTS = Comparison(None, None, ("pretraining_distillation",))


def layers(*places: int) -> list[Comparison]:
    return [Comparison(place, place, TRANSFER) for place in places]


def losses_of(networks, batch, compare: list[Comparison]) -> dict[str, float]:
    return {name: float(value) for name, value in DistillationPair(*networks, compare)(batch).items()}


def traces(networks, batch) -> list[dict]:
    return [network({key: batch[key] for key in network.input}) for network in networks]


def test_a_stage_computes_the_losses_that_it_names_at_the_places_that_it_names(networks, batch):
    compare = [
        Comparison(2, 1, ("feature_map",)),
        Comparison(0, 0, ("feature_mean",)),
        Comparison(1, 2, ("attention",)),
    ]
    teacher, student = traces(networks, batch)
    expected = {
        "feature_map": HIDDEN_LOSSES["feature_map"].function(
            teacher["hidden_states"][2], student["hidden_states"][1], batch["padding_mask"]
        ),
        "feature_mean": HIDDEN_LOSSES["feature_mean"].function(
            teacher["hidden_states"][0], student["hidden_states"][0], batch["padding_mask"]
        ),
        "attention": ATTENTION_LOSSES["attention"].function(
            teacher["attention_logits"][0], student["attention_logits"][1], batch["padding_mask"]
        ),
    }
    assert losses_of(networks, batch, compare) == pytest.approx(
        {name: float(value) for name, value in expected.items()}, rel=1e-5
    )


def test_a_loss_at_several_places_is_the_mean_over_them(networks, batch):
    first, second, both = (losses_of(networks, batch, layers(*places)) for places in [(1,), (2,), (1, 2)])
    for name in TRANSFER:
        assert both[name] == pytest.approx((first[name] + second[name]) / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("place", "there", "not_there"),
    [(0, "embeddings", "layer_00"), (1, "layer_00", "layer_01"), (2, "layer_01", "masked_language_model")],
)
def test_both_towers_end_at_the_last_place_that_is_compared(networks, place, there, not_there):
    pair = DistillationPair(
        *networks, [Comparison(0, 0, ("feature_map",)), Comparison(place, place, ("feature_map",))]
    )
    for tower in (pair.teacher, pair.student):
        names = {layer.name for layer in tower.layers}
        assert there in names
        assert not_there not in names


def test_each_tower_has_an_end_of_its_own(networks):
    pair = DistillationPair(*networks, [Comparison(2, 1, ("feature_map",))])
    assert [len(tower.output["attention_logits"]) for tower in (pair.teacher, pair.student)] == [2, 1]


def test_hidden_states_of_another_width_are_projected_to_the_teacher_s(networks, batch):
    teacher, narrow = networks[0], build_pretraining_network(NARROW, vocab_size=VOCABULARY, seed=2)
    pair = DistillationPair(teacher, narrow, [Comparison(1, 1, ("feature_mean",))])
    (projection,) = pair.companions
    states = [trace["hidden_states"][1] for trace in traces((teacher, narrow), batch)]
    projected = ops.matmul(states[1], projection.kernel) + projection.bias
    expected = HIDDEN_LOSSES["feature_mean"].function(states[0], projected, batch["padding_mask"])
    assert float(pair(batch)["feature_mean"]) == pytest.approx(float(expected), rel=1e-4)


def test_what_the_student_returns_is_not_projected(networks, batch):
    teacher, narrow = networks[0], build_pretraining_network(NARROW, vocab_size=VOCABULARY, seed=2)
    alone, both = (
        losses_of((teacher, narrow), batch, compare) for compare in ([OUTPUTS], [*layers(1), OUTPUTS])
    )
    assert {name: both[name] for name in alone} == pytest.approx(alone, rel=1e-5)


def test_a_model_transfers_nothing_from_itself(networks, batch):
    teacher, _ = networks
    for value in losses_of((teacher, teacher), batch, layers(1, 2)).values():
        assert value == pytest.approx(0.0, abs=1e-6)


def padded(batch: dict[str, np.ndarray], columns: int) -> dict[str, np.ndarray]:
    """The batch with nonsense behind the first column of padding, which the trigram of a last token reads."""
    longer = {
        name: np.pad(array, ((0, 0), (0, columns))) if array.shape == (3, 10) else array
        for name, array in batch.items()
    }
    longer["token_ids"][:, 11:] = 7
    return longer


def test_padding_changes_no_loss(networks, batch):
    short, long = (
        losses_of(networks, padded(batch, columns), [*layers(1, 2), OUTPUTS]) for columns in (1, 6)
    )
    assert long == pytest.approx(short, rel=1e-4)


def test_distillation_names_its_losses_and_accuracies(networks, batch):
    losses = DistillationPair(*networks, [OUTPUTS])(batch)
    assert sorted(losses) == [
        "masked_language_model", "masked_language_model_accuracy", "next_sentence",
        "next_sentence_accuracy", "pretraining_distillation",
    ]  # fmt: skip
    assert all(ops.shape(value) == () for value in losses.values())


def test_layers_and_outputs_can_be_compared_in_one_stage(networks, batch):
    assert {*TRANSFER, "pretraining_distillation"} <= set(losses_of(networks, batch, [*layers(1), OUTPUTS]))


def test_soft_targets_have_the_ratio_and_the_temperature_that_are_asked_for(networks, batch):
    hard = DistillationPair(*networks, [OUTPUTS], ground_truth_ratio=1.0)(batch)
    assert float(hard["pretraining_distillation"]) == pytest.approx(float(hard["masked_language_model"]))


@pytest.mark.parametrize(
    ("comparison", "known"),
    [
        (Comparison(0, 0, ("attention",)), "feature_map, feature_mean, feature_variance"),
        (
            Comparison(1, 1, ("pretraining_distillation",)),
            "feature_map, feature_mean, feature_variance, attention",
        ),
        (Comparison(None, None, ("attention",)), "pretraining_distillation"),
        (Comparison(None, 1, ("feature_map",)), "nothing"),
    ],
)
def test_a_loss_that_cannot_be_computed_at_a_place_is_refused(networks, comparison, known):
    with pytest.raises(ValueError) as refusal:
        DistillationPair(*networks, [comparison])
    assert str(refusal.value) == f"At these places {known} can be compared. Received: {comparison}"
