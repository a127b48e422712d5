"""Teacher and student together: which losses come out, and which layers they reach."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from mbert_cli.distill.pair import HEAD_LOSSES, PROJECTED_LOSSES, DistillationPair
from mbert_cli.distill.projections import build_projections
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.losses.transfer import ATTENTION_LOSSES, HIDDEN_LOSSES, output_losses
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


TRANSFER = (*PROJECTED_LOSSES, *HEAD_LOSSES)
HIDDEN = "feature_map, feature_mean, feature_variance, hidden_states, hidden_cosine"
OUTPUTS = Comparison(None, None, ("pretraining_distillation",))


def layers(*places: int) -> list[Comparison]:
    return [Comparison(place, place, TRANSFER) for place in places]


def losses_of(networks, batch, compare: list[Comparison]) -> dict[str, float]:
    return {name: float(value) for name, value in make_pair(networks, compare)(batch).items()}


def make_pair(networks, compare: list[Comparison], **settings) -> DistillationPair:
    """A pair as `mbert distill` makes it."""
    teacher_dim, student_dim = (network.output["hidden_states"][0].shape[-1] for network in networks)
    losses = output_losses(settings.pop("ground_truth_ratio", 0.5))
    return DistillationPair(
        *networks, compare, output_losses=losses, student_losses=PRETRAINING_LOSSES,
        projections=build_projections(compare, teacher_dim, student_dim, seed=0), **settings,
    )  # fmt: skip


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
    pair = make_pair(
        networks, [Comparison(0, 0, ("feature_map",)), Comparison(place, place, ("feature_map",))]
    )
    for tower in (pair.teacher, pair.student):
        names = {layer.name for layer in tower.layers}
        assert there in names
        assert not_there not in names


def test_each_tower_has_an_end_of_its_own(networks):
    pair = make_pair(networks, [Comparison(2, 1, ("feature_map",))])
    assert [len(tower.output["attention_logits"]) for tower in (pair.teacher, pair.student)] == [2, 1]


def test_hidden_states_of_another_width_are_projected_to_the_teacher_s(networks, batch):
    teacher, narrow = networks[0], build_pretraining_network(NARROW, vocab_size=VOCABULARY, seed=2)
    pair = make_pair((teacher, narrow), [Comparison(1, 1, ("feature_mean",))])
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
    losses = make_pair(networks, [OUTPUTS])(batch)
    assert sorted(losses) == [
        "masked_language_model", "masked_language_model_accuracy", "next_sentence",
        "next_sentence_accuracy", "pretraining_distillation",
    ]  # fmt: skip
    assert all(ops.shape(value) == () for value in losses.values())


def test_layers_and_outputs_can_be_compared_in_one_stage(networks, batch):
    assert {*TRANSFER, "pretraining_distillation"} <= set(losses_of(networks, batch, [*layers(1), OUTPUTS]))


def test_soft_targets_have_the_ratio_and_the_temperature_that_are_asked_for(networks, batch):
    hard = make_pair(networks, [OUTPUTS], ground_truth_ratio=1.0)(batch)
    assert float(hard["pretraining_distillation"]) == pytest.approx(float(hard["masked_language_model"]))


@pytest.mark.parametrize(
    ("comparison", "known"),
    [
        (Comparison(0, 0, ("attention",)), HIDDEN),
        (Comparison(1, 1, ("pretraining_distillation",)), f"{HIDDEN}, attention, attention_scores"),
        (Comparison(1, 1, ("attention_relations",)), f"{HIDDEN}, attention, attention_scores"),
        (Comparison(None, None, ("attention",)), "pretraining_distillation, soft_targets"),
        (Comparison(None, 1, ("feature_map",)), "nothing"),
    ],
)
def test_a_loss_that_cannot_be_computed_at_a_place_is_refused(networks, comparison, known):
    with pytest.raises(ValueError) as refusal:
        make_pair(networks, [comparison])
    assert str(refusal.value) == f"At these places {known} can be compared. Received: {comparison}"


def test_a_teacher_can_be_whatever_knows_what_it_would_return(networks, batch):
    def recorded(batch):
        trace = networks[0]({key: batch[key] for key in networks[0].input})
        states, logits = trace["hidden_states"], trace["attention_logits"]
        return {
            "hidden_states": {2: states[2]},
            "attention_logits": {0: logits[0]},
            "masked_logits": trace["masked_logits"],
        }

    compare = [Comparison(2, 1, ("hidden_states",)), Comparison(1, 2, ("attention_scores",)), OUTPUTS]
    pair = DistillationPair(
        recorded, networks[1], compare, output_losses=output_losses(), student_losses=PRETRAINING_LOSSES
    )
    assert {name: float(value) for name, value in pair(batch).items()} == losses_of(networks, batch, compare)


def test_where_nothing_is_compared_the_teacher_does_not_run(networks, batch):
    def silent(batch):
        raise AssertionError

    pair = DistillationPair(silent, networks[1], [], student_losses=PRETRAINING_LOSSES)
    assert set(pair(batch)) == set(PRETRAINING_LOSSES)


def test_a_head_map_says_which_head_of_the_teacher_is_compared(networks, batch):
    teacher = networks[0]
    turned = make_pair((teacher, teacher), [Comparison(1, 1, ("attention_scores",))], head_map=[1, 0])
    logits = traces((teacher, teacher), batch)[0]["attention_logits"][0].numpy()
    pairs = batch["padding_mask"][:, None, :, None] * batch["padding_mask"][:, None, None, :]
    error = np.square(logits[:, ::-1] - logits) * pairs
    assert float(turned(batch)["attention_scores"]) == pytest.approx(
        error.sum() / (2 * pairs.sum()), rel=1e-5
    )


def test_a_head_map_can_leave_heads_of_the_teacher_out(networks, batch):
    two_heads = networks[0]
    one_head = build_pretraining_network(
        STUDENT.model_copy(update={"num_heads": 1}), vocab_size=VOCABULARY, seed=2
    )
    for name in ("attention", "attention_scores"):
        values = [
            float(make_pair((two_heads, one_head), [Comparison(1, 1, (name,))], head_map=[head])(batch)[name])
            for head in (0, 1)
        ]
        assert values[0] != values[1]


@pytest.fixture(scope="module")
def of_other_heads():
    """A teacher and a student of another width, with another number of heads."""
    student = NARROW.model_copy(update={"num_heads": 4})
    return [
        build_pretraining_network(size, vocab_size=VOCABULARY, seed=seed, returns_projections=True)
        for seed, size in enumerate((TEACHER, student))
    ]


def test_relations_compare_models_of_other_widths_and_heads(of_other_heads, batch):
    pair = make_pair(of_other_heads, [Comparison(2, 1, ("attention_relations",))], relation_heads=4)
    padding = padded(batch, 6)
    assert float(pair(batch)["attention_relations"]) > 0
    assert float(pair(padding)["attention_relations"]) == pytest.approx(
        float(pair(padded(batch, 1))["attention_relations"]), rel=1e-3
    )


def test_gradients_reach_the_student_and_the_projections_alone(of_other_heads, batch):
    teacher, student = of_other_heads
    losses = ("hidden_states", "hidden_cosine", "feature_map", "attention_relations")
    compare = [Comparison(0, 0, ("hidden_states",)), Comparison(1, 1, losses), Comparison(2, 2, losses)]
    pair = make_pair(of_other_heads, compare, relation_heads=4)
    with tf.GradientTape() as tape:
        total = sum(pair(batch).values())
    sides = {
        "teacher": teacher.trainable_variables,
        "student": [w for w in student.trainable_variables if w.path.startswith("encoder/")],
        "projections": [w for layer in pair.companions for w in layer.trainable_variables],
    }
    gradients = tape.gradient(total, {name: [w.value for w in side] for name, side in sides.items()})
    assert all(gradient is None for gradient in gradients["teacher"])
    assert len(gradients["projections"]) == 4
    # The last layer's attention output, feed-forward networks and the like are all below what is compared.
    assert all(gradient is not None for gradient in [*gradients["student"], *gradients["projections"]])
