"""What a student takes over from its teacher."""

import numpy as np
import pytest

from mbert_cli.distill.warm_start import warm_start
from mbert_cli.distill.word_directions import (
    BIAS,
    EMBEDDINGS_PATH,
    KERNEL,
    POSITIONS,
    SEGMENTS,
    WORDS,
    start_from_directions,
)
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_pretraining_network, build_task_network
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
    report = warm_start(student, teacher, parts)
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


def test_a_word_table_of_another_width_is_made_of_the_teachers(teacher):
    narrow = STUDENT.model_copy(update={"embedding_dim": 4})
    student = build_pretraining_network(narrow, vocab_size=VOCABULARY, seed=2)
    report = warm_start(student, teacher, ["embeddings"])
    assert set(report.made) == {WORDS, KERNEL, BIAS}
    assert set(report.copied) == {POSITIONS, SEGMENTS}
    made = start_from_directions(
        read_variables(teacher),
        read_variables(build_pretraining_network(narrow, vocab_size=VOCABULARY, seed=2)),
    )
    for name, values in made.items():
        np.testing.assert_array_equal(read_variables(student)[name], values.array)
    assert report.sentences(["embeddings"])[:2] == [
        "Copied from the teacher: 2 weights of embeddings",
        f"Made of the teacher's: {WORDS} ({made[WORDS].how})",
    ]


def test_a_task_model_can_be_the_teacher_of_a_student_with_other_heads(teacher):
    fine_tuned = build_task_network(TEACHER, num_outputs=2, vocab_size=VOCABULARY, seed=4)
    student = build_pretraining_network(STUDENT, vocab_size=VOCABULARY, seed=3)
    report = warm_start(student, fine_tuned, ["embeddings", "masked_language_model"])
    assert WORDS in report.copied
    assert report.skipped["masked_language_model"] == "the teacher has none"
    pupil = build_task_network(STUDENT, num_outputs=3, vocab_size=VOCABULARY, seed=3)
    assert WORDS in warm_start(pupil, fine_tuned, ["embeddings"]).copied


def test_a_shorter_position_table_takes_the_first_rows(teacher):
    short = STUDENT.model_copy(update={"max_length": 100})
    student = build_pretraining_network(short, vocab_size=VOCABULARY, seed=2)
    report = warm_start(student, teacher, ["embeddings"])
    assert report.made == {POSITIONS: "the first 100 rows of the teacher's 256"}
    theirs, ours = (read_variables(network)[POSITIONS] for network in (teacher, student))
    np.testing.assert_array_equal(ours, theirs[:100])


def test_a_part_that_the_teacher_lacks_is_named_once():
    teacher = build_encoder(TEACHER, vocab_size=VOCABULARY, seed=1)
    student = build_pretraining_network(STUDENT, vocab_size=VOCABULARY, seed=3)
    parts = ["embeddings", "masked_language_model", "next_sentence"]
    report = warm_start(student, teacher, parts)
    without_norms = {name: why for name, why in report.skipped.items() if "/norm/" not in name}
    assert without_norms == {
        "masked_language_model": "the teacher has none", "next_sentence": "the teacher has none",
    }  # fmt: skip
    assert all(name.startswith("encoder/embeddings/") for name in report.copied)


def test_a_norm_of_the_same_kind_is_copied(teacher):
    student = build_pretraining_network(TEACHER, vocab_size=VOCABULARY, seed=3)
    report = warm_start(student, teacher, ["embeddings"])
    assert report.skipped == {}
    assert f"{EMBEDDINGS_PATH}norm/gamma" in report.copied
