"""What a student takes over from its teacher."""

import numpy as np
import pytest

from mbert_cli.distill.warm_start import warm_start
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import ModelOptions
from mbert_cli.weights.variables import read_variables

CHANGES = {"num_layers": 2, "hidden_dim": 16, "embedding_dim": 8, "intermediate_dim": 16, "num_heads": 2}
TEACHER = ModelOptions(size="ib_bert_laptop", changes=CHANGES | {"intra_dim": 24}).resolve()
STUDENT = ModelOptions(size="mobilebert_laptop", changes=CHANGES | {"intra_dim": 8}).resolve()
VOCABULARY = 50


@pytest.fixture(scope="module")
def teacher():
    return build_pretraining_network(TEACHER, vocab_size=VOCABULARY, seed=1)


def test_warm_start_copies_embeddings_and_heads_but_not_a_layer_norm(teacher):
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


def test_warm_start_skips_weights_of_another_shape(teacher):
    narrow = STUDENT.model_copy(update={"embedding_dim": 4})
    student = build_pretraining_network(narrow, vocab_size=VOCABULARY, seed=2)
    report = warm_start(student, teacher, ["embeddings"], same_normalization=False)
    assert report.skipped["encoder/embeddings/word_embeddings"] == (
        "the teacher's shape is (50, 8), the student's (50, 4)"
    )
