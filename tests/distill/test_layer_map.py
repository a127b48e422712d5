"""Which place of the teacher each place of the student learns from."""

import pytest

from mbert_cli.distill.layer_map import map_places
from mbert_cli.distill.options import JointOptions
from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES, Architecture

TEACHER, STUDENT = SIZES["ib_bert_laptop"], SIZES["mobilebert_laptop"]


def changed(size: Architecture, **changes: object) -> Architecture:
    return size.model_copy(update=changes)


def test_layers_map_evenly_and_embeddings_to_embeddings():
    assert map_places(TEACHER, changed(STUDENT, num_layers=2), JointOptions(strategy="joint")) == [0, 2, 4]
    assert map_places(SIZES["ib_bert_large"], SIZES["mobilebert"], JointOptions(strategy="joint")) == list(
        range(25)
    )


def test_a_layer_map_of_one_s_own_counts_from_zero():
    student = changed(STUDENT, num_layers=2)
    assert map_places(TEACHER, student, JointOptions(strategy="joint", layer_map=[0, 3])) == [0, 1, 4]


def test_layers_that_do_not_divide_are_refused():
    with pytest.raises(UserError) as error:
        map_places(TEACHER, changed(STUDENT, num_layers=3), JointOptions(strategy="joint"))
    assert error.value.message == (
        "The teacher's layers must be a multiple of the student's to be mapped evenly. "
        "Received: 4 teacher layers and 3 student layers."
    )
    assert error.value.hint == (
        "Name the teacher layer for each student layer with --set distill.layer_map='[0, 2, …]'."
    )


@pytest.mark.parametrize("layer_map", [[0, 3], [0, 1, 2, 4]])
def test_a_layer_map_of_another_length_or_beyond_the_teacher_is_refused(layer_map):
    with pytest.raises(UserError) as error:
        map_places(TEACHER, STUDENT, JointOptions(strategy="joint", layer_map=layer_map))
    assert error.value.message == (
        "distill.layer_map needs one teacher layer, 0 to 3, for each of the student's 4 layers. "
        f"Received: {layer_map}."
    )


def test_models_of_another_width_can_be_compared():
    narrow = changed(STUDENT, hidden_dim=64)
    assert map_places(TEACHER, narrow, JointOptions(strategy="joint")) == [0, 1, 2, 3, 4]


def test_attention_of_another_number_of_heads_cannot_be_compared():
    with pytest.raises(UserError) as error:
        map_places(TEACHER, changed(STUDENT, num_heads=8), JointOptions(strategy="joint"))
    assert error.value.message == (
        "Attention is compared head by head, so num_heads must be the same in both models. "
        "Received: 4 in the teacher and 8 in the student."
    )
    assert error.value.hint == (
        "--set distill.factors.attention=0 compares hidden states alone; or choose another model.size, or --set "
        "model.changes.num_heads=4."
    )


def test_without_attention_the_number_of_heads_does_not_matter():
    options = JointOptions(strategy="joint", factors={"attention": 0})
    assert map_places(TEACHER, changed(STUDENT, num_heads=8), options) == [0, 1, 2, 3, 4]


def test_the_sizes_of_the_paper_have_equal_maps():
    teacher, student = SIZES["ib_bert_large"], SIZES["mobilebert"]
    assert (teacher.hidden_dim, teacher.num_heads) == (student.hidden_dim, student.num_heads)
