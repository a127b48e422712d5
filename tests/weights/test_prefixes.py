"""Names of arrays without what stood around the model when it was saved."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.weights.prefixes import with_usual_prefix

BERT = ("bert.embeddings.word_embeddings.weight", "bert.encoder.layer.0.output.dense.bias", "classifier.bias")
BARE = ("embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.bias", "pooler.dense.bias")
TF1 = ("bert/embeddings/word_embeddings", "bert/encoder/layer_0/output/dense/bias", "output_bias")


def rename(names: tuple[str, ...], file_format: str = "huggingface") -> tuple[list[str], tuple[str, ...]]:
    arrays = {name: np.array([place]) for place, name in enumerate(names)}
    found, notes = with_usual_prefix(arrays, "bert", file_format)
    assert [int(found[name][0]) for name in found] == list(range(len(names)))
    return list(found), notes


def test_a_model_under_its_own_names_stays_as_it_is():
    assert rename(BERT) == (list(BERT), ())
    assert rename(TF1, "tf1") == (list(TF1), ())


def test_a_bare_encoder_gets_the_name_of_its_family():
    assert rename(BARE) == ([f"bert.{name}" for name in BARE], ())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_fsdp_wrapped_module."])
def test_a_wrapper_is_taken_off_and_said(prefix):
    names, notes = rename(tuple(prefix + name for name in BERT))
    assert names == list(BERT)
    assert sorted(notes) == sorted(
        f"`{part}.` in names of arrays is taken off: it says how a model was wrapped"
        for part in prefix.removesuffix(".").split(".")
    )


def test_a_wrapper_around_a_part_is_taken_off_too():
    wrapped = (
        BERT[0].replace("bert.", "bert._orig_mod."),
        BERT[1].replace(".0.", ".0._checkpoint_wrapped_module."),
        BERT[2],
    )
    assert rename(wrapped)[0] == list(BERT)


@pytest.mark.parametrize("prefix", ["model.", "net.student."])
@pytest.mark.parametrize("names", [BERT, BARE])
def test_any_prefix_that_all_names_share_is_taken_off_and_said(prefix, names):
    found, notes = rename(tuple(prefix + name for name in names))
    assert found == rename(names)[0]
    assert notes == (f"`{prefix}` before all names of arrays is taken off",)


def test_a_prefix_that_looks_like_a_part_of_the_encoder_is_taken_off():
    assert rename(tuple(f"encoder.{name}" for name in BARE))[0] == [f"bert.{name}" for name in BARE]


@pytest.mark.parametrize("prefix", ["student/", "tower/net/"])
def test_a_prefix_of_tf1_is_taken_off_though_the_optimizer_has_none(prefix):
    names = (*(prefix + name for name in TF1), "global_step")
    found, notes = rename(names, "tf1")
    assert found == [*TF1, "global_step"]
    assert notes == (f"`{prefix}` before all names of arrays is taken off",)


def test_a_prefix_that_some_names_lack_is_refused_and_named():
    with pytest.raises(UserError) as caught:
        rename(("backbone." + BERT[0], "backbone." + BERT[1], "classifier.bias"))
    assert caught.value.message == (
        "A prefix of the word table must stand before all names of a checkpoint. Received: backbone., and 1 of 3 "
        "arrays without it, such as classifier.bias"
    )


def test_two_models_in_one_file_are_refused():
    with pytest.raises(UserError) as caught:
        rename(tuple(f"{tower}.{name}" for tower in ("student", "teacher") for name in BERT))
    assert caught.value.message == (
        "A checkpoint must hold one model. Received: word tables below student., teacher."
    )


def test_one_model_twice_is_refused():
    with pytest.raises(UserError) as caught:
        rename((*BERT, *(f"module.{name}" for name in BERT)))
    assert caught.value.message.startswith(
        "A checkpoint must hold one model. Received: arrays with and without "
    )
