"""Which place of the teacher each place of the student learns from."""

import pytest

from mbert_cli.distill.layer_map import HeadMatch, map_places, match_heads, with_smoke_heads
from mbert_cli.distill.options import DistilBertOptions, GeneralOptions, JointOptions
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
        "Received: 4 teacher layers and 3 student layers"
    )
    assert error.value.hint == (
        "Name the teacher layer for each student layer, as in --set distill.layer_map='[0, 1, 3]'."
    )


@pytest.mark.parametrize("layer_map", [[0, 3], [0, 1, 2, 4]])
def test_a_layer_map_of_another_length_or_beyond_the_teacher_is_refused(layer_map):
    with pytest.raises(UserError) as error:
        map_places(TEACHER, STUDENT, JointOptions(strategy="joint", layer_map=layer_map))
    assert error.value.message == (
        "distill.layer_map needs one teacher layer, 0 to 3, for each of the student's 4 layers. "
        f"Received: {layer_map}"
    )


@pytest.mark.parametrize(
    ("layers", "hint"),
    [
        (4, "distill.layer_map=null maps the layers evenly."),
        (3, "Name the teacher layer for each student layer, as in --set distill.layer_map='[0, 1, 3]'."),
    ],
)
def test_the_hint_about_a_layer_map_works(layers, hint):
    student = changed(STUDENT, num_layers=layers)
    with pytest.raises(UserError) as error:
        map_places(TEACHER, student, JointOptions(strategy="joint", layer_map=[9] * layers))
    assert error.value.hint == hint


def test_models_of_another_width_can_be_compared():
    narrow = changed(STUDENT, hidden_dim=64)
    assert map_places(TEACHER, narrow, JointOptions(strategy="joint")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("layers", "places"), [(2, [0, 2, 4]), (3, [0, 1, 2, 4])])
def test_distilbert_compares_the_last_places_whatever_is_copied(layers, places):
    options = DistilBertOptions(strategy="distilbert", copied_layers=[0] * layers)
    assert map_places(TEACHER, changed(STUDENT, num_layers=layers), options) == places


def options(head_map=None, relation_heads=None, **factors: float) -> GeneralOptions:
    return GeneralOptions(
        strategy="general", head_map=head_map, relation_heads=relation_heads, factors=factors
    )


def test_heads_are_compared_as_they_stand_where_there_are_as_many():
    assert match_heads(TEACHER, STUDENT, options()) == HeadMatch(True, None, None)
    assert (
        str(match_heads(TEACHER, STUDENT, options()))
        == "each learns from the teacher's head of the same number"
    )


def test_a_head_map_serves_models_with_other_numbers_of_heads():
    found = match_heads(changed(TEACHER, num_heads=8), STUDENT, options([0, 2, 4, 7]))
    assert found == HeadMatch(True, (0, 2, 4, 7), None)
    assert str(found) == "the student's 4 learn from 0, 2, 4, 7 of the teacher"


def test_attention_of_another_number_of_heads_is_refused_with_the_ways_out():
    with pytest.raises(UserError) as error:
        match_heads(TEACHER, changed(STUDENT, num_heads=8), JointOptions(strategy="joint"))
    assert error.value.message == (
        "Attention is compared head by head, so num_heads must be the same in both models. "
        "Received: 4 in the teacher and 8 in the student"
    )
    assert error.value.hint == (
        "--set distill.head_map='[0, 0, 1, 1, 2, 2, 3, 3]' names a head of the teacher for each of the student's; "
        "--set distill.factors.attention=0 --set distill.factors.attention_relations=1 "
        "--set distill.relation_heads=8 compares relations among queries, keys and values instead; "
        "--set distill.factors.attention=0 alone compares hidden states."
    )


@pytest.mark.parametrize("head_map", [[0, 1], [0, 1, 2, 8]])
def test_a_head_map_that_does_not_fit_is_refused(head_map):
    with pytest.raises(UserError) as error:
        match_heads(changed(TEACHER, num_heads=8), STUDENT, options(head_map))
    assert error.value.message == (
        "distill.head_map needs one teacher head, 0 to 7, for each of the student's 4 heads. "
        f"Received: {head_map}"
    )
    assert error.value.hint == "For example --set distill.head_map='[0, 2, 4, 6]'."


def test_a_head_map_that_is_not_needed_can_be_left_out():
    with pytest.raises(UserError) as error:
        match_heads(TEACHER, STUDENT, options([0]))
    assert error.value.hint == "distill.head_map=null compares the heads as they stand."


def test_relations_have_heads_of_their_own_number():
    relations = {"attention_scores": 0, "attention_relations": 1}
    student = changed(STUDENT, num_heads=2)
    assert match_heads(TEACHER, student, options(**relations)) == HeadMatch(False, None, 2)
    found = match_heads(TEACHER, student, options(None, 16, **relations))
    assert found == HeadMatch(False, None, 16)
    assert str(found) == "relations of attention are split into 16"


def test_relations_that_cannot_be_split_are_refused():
    teacher, student = changed(TEACHER, intra_dim=384), changed(STUDENT, intra_dim=120)
    with pytest.raises(UserError) as error:
        match_heads(teacher, student, options(None, 7, attention_scores=0, attention_relations=1))
    assert error.value.message == (
        "The heads of attention relations must divide the width of attention of both models. "
        "Received: 7 heads for 384 in the teacher and 120 in the student"
    )
    assert error.value.hint == "For example --set distill.relation_heads=4."


def test_without_attention_the_number_of_heads_does_not_matter():
    found = match_heads(TEACHER, changed(STUDENT, num_heads=8), options(attention_scores=0))
    assert found == HeadMatch() and str(found) == "not compared"


def test_the_sizes_of_the_paper_have_equal_maps():
    teacher, student = SIZES["ib_bert_large"], SIZES["mobilebert"]
    assert (teacher.hidden_dim, teacher.num_heads) == (student.hidden_dim, student.num_heads)


@pytest.mark.parametrize(
    "options", [JointOptions(strategy="joint"), DistilBertOptions(strategy="distilbert")]
)
@pytest.mark.parametrize("role", ["teacher", "student"])
def test_a_model_whose_norms_lie_in_its_weights_is_refused(options, role):
    sizes = {"teacher": TEACHER, "student": STUDENT}
    sizes[role] = changed(sizes[role], merged_projections=True, normalization="folded_layer_norm")
    with pytest.raises(UserError) as caught:
        map_places(*sizes.values(), options)
    assert caught.value.message == (
        f"Layers are compared of models whose norms are layers of their own. Received: a {role} that was fine-tuned "
        "with quantize, which keeps its hidden states divided by factors of its norms"
    )


def test_heads_of_a_trial_are_mapped_only_where_they_are_compared_and_fewer():
    options = GeneralOptions(strategy="general")
    many, few = changed(TEACHER, num_heads=12), changed(STUDENT, num_heads=2)
    assert with_smoke_heads(options, many, few).head_map == [0, 1]
    assert with_smoke_heads(options, few, few) is options
    without = options.model_copy(
        update={"factors": options.factors.model_copy(update={"attention": 0.0, "attention_scores": 0.0})}
    )
    assert with_smoke_heads(without, many, few) is without
