"""Teacher and student together: which losses come out, and which layers they reach."""

import numpy as np
import pytest
from keras import ops

from mbert_cli.distill.pair import DistillationPair, TransferPair, transfer_losses
from mbert_cli.distill.warm_start import warm_start
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES, ModelOptions
from mbert_cli.weights.variables import read_variables

CHANGES = {"num_layers": 2, "hidden_dim": 16, "embedding_dim": 8, "intermediate_dim": 16, "num_heads": 2}
TEACHER = ModelOptions(size="ib_bert_laptop", changes=CHANGES | {"intra_dim": 24}).resolve()
STUDENT = ModelOptions(size="mobilebert_laptop", changes=CHANGES | {"intra_dim": 8}).resolve()
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


def test_one_layer_is_compared_in_its_stage(networks, batch):
    pair = TransferPair(*networks, layer_map=[0, 1], layers=[0])
    teacher, student = (network({k: batch[k] for k in network.input}) for network in networks)
    expected = transfer_losses(teacher, student, batch["padding_mask"], [(0, 0)])
    for name, value in pair(batch).items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-5)


def test_joint_transfer_is_the_mean_over_layers(networks, batch):
    losses = [
        TransferPair(*networks, layer_map=[0, 1], layers=layers)(batch) for layers in ([0], [1], [0, 1])
    ]
    for name in ("feature_map", "feature_mean", "feature_variance", "attention"):
        first, second, both = (float(each[name]) for each in losses)
        assert both == pytest.approx((first + second) / 2, rel=1e-4)


def test_towers_end_after_the_compared_layer(networks):
    pair = TransferPair(*networks, layer_map=[0, 1], layers=[0])
    names = {layer.name for layer in pair.student.layers}
    assert "layer_00" in names
    assert "layer_01" not in names


def test_a_model_transfers_nothing_from_itself(networks, batch):
    teacher, _ = networks
    for value in TransferPair(teacher, teacher, layer_map=[0, 1], layers=[0, 1])(batch).values():
        assert float(value) == pytest.approx(0.0, abs=1e-6)


def test_distillation_names_its_losses_and_accuracies(networks, batch):
    losses = DistillationPair(*networks, ground_truth_ratio=0.5, temperature=1.0)(batch)
    assert sorted(losses) == [
        "masked_language_model", "masked_language_model_accuracy", "next_sentence",
        "next_sentence_accuracy", "pretraining_distillation",
    ]  # fmt: skip
    assert all(ops.shape(value) == () for value in losses.values())


def test_auxiliary_distillation_adds_the_transfer_losses(networks, batch):
    pair = DistillationPair(*networks, ground_truth_ratio=0.5, temperature=1.0, layer_map=[0, 1])
    assert {"feature_map", "attention", "pretraining_distillation"} <= set(pair(batch))


def test_warm_start_copies_embeddings_and_heads_but_not_a_layer_norm(networks):
    teacher, _ = networks
    student = build_pretraining_network(STUDENT, vocab_size=VOCABULARY, seed=3)
    parts = ["embeddings", "masked_language_model", "next_sentence"]
    report = warm_start(student, teacher, parts, same_normalization=False)
    source, target = read_variables(teacher), read_variables(student)
    assert all(np.array_equal(source[name], target[name]) for name in report.copied)
    assert {name.split("/")[0] for name in report.copied} == {
        "encoder",
        "masked_language_model",
        "next_sentence",
    }
    assert not any(name.startswith("encoder/layer_") for name in report.copied)
    assert report.skipped == {
        "encoder/embeddings/norm/beta": "the teacher normalises its embeddings in another way",
        "encoder/embeddings/norm/gamma": "the teacher normalises its embeddings in another way",
    }


def test_warm_start_skips_weights_of_another_shape():
    teacher = build_pretraining_network(TEACHER, vocab_size=VOCABULARY, seed=1)
    narrow = STUDENT.model_copy(update={"embedding_dim": 4})
    student = build_pretraining_network(narrow, vocab_size=VOCABULARY, seed=2)
    report = warm_start(student, teacher, ["embeddings"], same_normalization=False)
    assert report.skipped["encoder/embeddings/word_embeddings"] == (
        "the teacher's shape is (50, 8), the student's (50, 4)"
    )


def test_the_sizes_of_the_paper_have_equal_maps():
    teacher, student = SIZES["ib_bert_large"], SIZES["mobilebert"]
    assert (teacher.hidden_dim, teacher.num_heads) == (student.hidden_dim, student.num_heads)
