"""A recorded teacher in the place of its network: what is kept of it, and that a student learns the same."""

import keras
import numpy as np
import pytest

from mbert_cli.distill.output_records import RecordedArray, RecordLayout
from mbert_cli.distill.pair import DistillationPair
from mbert_cli.distill.recorded_teacher import (
    OUTPUTS_ALONE,
    TeacherPlaces,
    compared_places,
    recorded_arrays,
    recorded_teacher,
    recorded_tensors,
)
from mbert_cli.losses.loss import Loss
from mbert_cli.losses.soft_targets import soft_labels
from mbert_cli.model.attention import MASKED
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.train.stage import Comparison

SIZE = SIZES["bert_base"].model_copy(
    update={
        "num_layers": 2,
        "hidden_dim": 8,
        "embedding_dim": 8,
        "num_heads": 2,
        "intermediate_dim": 16,
        "initializer_range": 0.5,
    }
)
COMPARE = (
    Comparison(0, 0, ("hidden_states",)),
    Comparison(
        2, 2, ("hidden_states", "hidden_cosine", "attention", "attention_scores", "attention_relations")
    ),
    Comparison(None, None, ("soft_targets",)),
)
LENGTHS = np.array([6, 3])


def network(seed: int) -> keras.Model:
    return build_task_network(
        SIZE, num_outputs=3, vocab_size=20, seed=seed, returns_trace=True, returns_projections=True
    )


def batch(length: int) -> dict[str, np.ndarray]:
    real = (np.arange(length) < LENGTHS[:, None]).astype(np.int32)
    ids = (np.arange(length) + 7 * np.arange(1, 3)[:, None]).astype(np.int32) % 20
    inputs = {"token_ids": ids * real, "segment_ids": 0 * real, "padding_mask": real}
    return inputs | {"example_weights": np.ones(2, np.float32)}


def test_places_follow_from_what_is_compared():
    places = compared_places(COMPARE)
    assert places == TeacherPlaces(
        {"attention_logits": (2,), "hidden_states": (0, 2), "keys": (2,), "queries": (2,), "values": (2,)},
        True,
    )
    assert compared_places(COMPARE[-1:]) == OUTPUTS_ALONE
    assert compared_places(()) == TeacherPlaces({}, False)


@pytest.mark.parametrize(
    ("few", "are_within"),
    [
        (COMPARE[:1], True),
        (COMPARE[2:], True),
        ((), True),
        ((Comparison(1, 1, ("hidden_states",)),), False),
        ((Comparison(1, 1, ("attention",)),), False),
    ],
)
def test_a_stage_is_taught_by_a_recording_that_has_all_it_compares(few, are_within):
    assert compared_places(few).are_within(compared_places(COMPARE)) == are_within
    assert not compared_places(COMPARE).are_within(OUTPUTS_ALONE)


def test_places_are_said_in_words():
    assert str(compared_places(COMPARE[:1] + COMPARE[2:])) == "logits and hidden states of 1 layer"
    assert str(TeacherPlaces({"attention_logits": (1, 2)}, False)) == "attention logits of 2 layers"


def test_tensors_are_recorded_in_the_form_that_they_have():
    places = compared_places((COMPARE[0], Comparison(1, 1, ("attention",)), COMPARE[2]))
    assert recorded_arrays(recorded_tensors(network(0), places)) == (
        RecordedArray("teacher_logits", "row", 3),
        RecordedArray("teacher_attention_1", "pairs", 2, padding=MASKED),
        RecordedArray("teacher_hidden_0", "tokens", 8),
    )


def test_a_student_has_the_losses_that_it_has_beside_the_network():
    teacher, student = network(1), network(2)
    places = compared_places(COMPARE)
    tensors = recorded_tensors(teacher, places)
    layout = RecordLayout(recorded_arrays(tensors), "float32")
    told = keras.Model(teacher.input, tensors)({name: batch(6)[name] for name in teacher.input})
    arrays = {name: keras.ops.convert_to_numpy(tensor) for name, tensor in told.items()}
    records = [layout.pack(arrays, row, int(count)) for row, count in enumerate(LENGTHS)]
    settings = {
        "output_losses": {"soft_targets": Loss(soft_labels, "example_weights")}, "relation_heads": 4,
    }  # fmt: skip
    beside = DistillationPair(teacher, student, COMPARE, **settings)
    recorded = DistillationPair(recorded_teacher(places), student, COMPARE, **settings)
    for length in (6, 9):  # recorded in a batch of 6, read into longer ones
        losses = recorded(batch(length) | layout.unpack(records, LENGTHS, length))
        for name, value in beside(batch(length)).items():
            assert float(value) > 1e-4
            np.testing.assert_allclose(float(losses[name]), float(value), rtol=1e-5, err_msg=name)
