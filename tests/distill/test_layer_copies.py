"""Which layers of a student start as copies, and that they are."""

import numpy as np
import pytest

from mbert_cli.distill.layer_copies import find_copies
from mbert_cli.distill.warm_start import copy_layers
from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.weights.variables import read_variables

TEACHER = SIZES["bert_base"]
STUDENT = SIZES["distilbert_6"]
NARROW = {"hidden_dim": 8, "embedding_dim": 8, "intermediate_dim": 12, "num_heads": 2, "max_length": 16}


@pytest.mark.parametrize(
    ("layers", "given", "copies"),
    [
        (6, None, [1, 3, 5, 7, 9, 11]),
        (4, None, [2, 5, 8, 11]),
        (12, None, list(range(12))),
        (6, [0, 2, 4, 7, 9, 11], [0, 2, 4, 7, 9, 11]),
        (5, [], []),
    ],
)
def test_every_kth_layer_is_copied_or_those_that_are_named_or_none(layers, given, copies):
    assert find_copies(TEACHER, STUDENT.model_copy(update={"num_layers": layers}), given) == copies


def test_a_layer_with_the_other_form_of_gelu_is_copied():
    teacher = TEACHER.model_copy(update={"activation": "gelu_exact"})
    assert len(find_copies(teacher, STUDENT, None)) == 6


@pytest.mark.parametrize(
    ("changes", "given", "message", "hint"),
    [
        ({"num_layers": 5}, None, "Received: 12 teacher layers and 5 student layers", "distill.copied_layers='[1, 3, 6, 8, 11]'"),
        ({}, [0, 1], "needs one teacher layer, 0 to 11, for each of the student's 6 layers. Received: [0, 1]", "null"),
        ({}, [0, 1, 2, 3, 4, 12], "Received: [0, 1, 2, 3, 4, 12]", "distill.copied_layers=null"),
        ({"num_heads": 6}, None, "Received: num_heads 12 in the teacher and 6 in the student", "model.changes"),
        ({"activation": "relu"}, None, "Received: activation gelu in the teacher and relu in the student", "=[]"),
        (
            {"intermediate_dim": 1200}, None,
            "Received: feed_forward_0/intermediate/kernel (768, 3072) in the teacher and (768, 1200) in the student",
            "distill.copied_layers=[]",
        ),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_refused_with_a_way_out(changes, given, message, hint):
    with pytest.raises(UserError) as caught:
        find_copies(TEACHER, STUDENT.model_copy(update=changes), given)
    assert caught.value.message.endswith(message)
    assert hint in caught.value.hint


def test_a_weight_that_one_of_them_lacks_is_named():
    wide = SIZES["mobilebert"].model_copy(update={"key_query_shared_bottleneck": False, "intra_dim": 512})
    theirs, ours = wide, wide.model_copy(update={"key_query_shared_bottleneck": True})
    with pytest.raises(UserError, match="bottleneck_attention/norm/gamma no such weight in the teacher and"):
        find_copies(theirs, ours, None)


def test_copied_layers_are_the_teachers_and_the_rest_is_as_drawn():
    teacher, student = (
        build_pretraining_network(SIZES[name].model_copy(update=NARROW | {"num_layers": layers}), vocab_size=20, seed=seed)
        for name, layers, seed in (("bert_base", 4, 1), ("distilbert_6", 2, 2))
    )  # fmt: skip
    before = read_variables(student)
    names = copy_layers(student, teacher, [1, 3])
    theirs, ours = read_variables(teacher), read_variables(student)
    assert set(names) == {name for name in ours if name.startswith("encoder/layer_")}
    for name in names:
        source = name.replace("layer_01", "layer_03").replace("layer_00", "layer_01")
        np.testing.assert_array_equal(ours[name], theirs[source])
    assert all(np.array_equal(ours[name], before[name]) for name in set(ours) - set(names))
