"""Weights into and out of models by canonical name."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import Architecture
from mbert_cli.weights.variables import AssignReport, assign_variables, canonical_name, read_variables

SIZE = Architecture(
    num_layers=1, hidden_dim=4, num_heads=2, intermediate_dim=6, embedding_dim=2, intra_dim=4, max_length=8
)
HEADS = ("masked_language_model", "next_sentence")
HINT = "Use the size, the changes and the vocabulary that these weights were made with."


def pretraining(seed: int | None = 0, vocab_size: int = 5):
    return build_pretraining_network(SIZE, vocab_size=vocab_size, seed=seed)


def classifier(seed: int | None = None):
    return build_task_network(SIZE, vocab_size=5, num_outputs=3, seed=seed)


def refusal(model, arrays, **allowed) -> tuple[str, str]:
    before = read_variables(model)
    with pytest.raises(UserError) as caught:
        assign_variables(model, arrays, **allowed)
    assert all(np.array_equal(before[name], after) for name, after in read_variables(model).items())
    return caught.value.message, caught.value.hint


def test_what_is_read_can_be_assigned():
    source, target = pretraining(seed=0), pretraining(seed=None)
    report = assign_variables(target, read_variables(source))
    assert report == AssignReport(tuple(read_variables(source)), (), ())
    for name, array in read_variables(target).items():
        assert np.array_equal(array, read_variables(source)[name])


def test_names_are_unique_within_a_network_and_leave_random_states_out():
    network = pretraining()
    names = [canonical_name(weight) for weight in network.weights]
    assert len(set(names)) == len(names) == len(read_variables(network))
    assert not any("seed_generator" in name for name in names)


def test_arrays_are_copies():
    network = pretraining()
    arrays = read_variables(network)
    network.get_layer("embeddings").word_embeddings.assign(np.ones((5, 2)))
    assert not np.array_equal(arrays["encoder/embeddings/word_embeddings"], np.ones((5, 2)))


def test_other_float_types_are_converted():
    arrays = {name: array.astype("float16") for name, array in read_variables(pretraining()).items()}
    target = pretraining(seed=None)
    assign_variables(target, arrays)
    assert {array.dtype for array in read_variables(target).values()} == {np.dtype("float32")}


def test_a_classifier_takes_the_encoder_of_a_pretraining_network():
    source, target = pretraining(), classifier()
    report = assign_variables(
        target, read_variables(source), allow_missing=["classifier"], allow_unused=HEADS
    )
    assert report.missing == ("classifier/kernel", "classifier/bias")
    assert report.unused == tuple(name for name in read_variables(source) if name.startswith(HEADS))
    assert all(name.startswith("encoder/") for name in report.used)
    name = "encoder/layer_00/attention/query/kernel"
    assert np.array_equal(read_variables(target)[name], read_variables(source)[name])


def test_everything_may_be_missing_or_unused_when_that_is_said():
    report = assign_variables(classifier(), {"x": np.zeros(1)}, allow_missing=[""], allow_unused=[""])
    assert (report.used, report.unused) == ((), ("x",))


def test_a_missing_weight_is_named():
    arrays = read_variables(pretraining())
    del arrays["encoder/layer_00/attention/key/bias"]
    assert refusal(pretraining(seed=None), arrays) == (
        "Every weight of the model must be in the file. Missing: encoder/layer_00/attention/key/bias",
        HINT,
    )


def test_unused_weights_are_named_five_at_most():
    arrays = read_variables(pretraining())
    message, _ = refusal(classifier(), arrays, allow_missing=["classifier"])
    assert message == (
        "Every weight in the file must belong to the model. Unused: "
        "masked_language_model/transform/kernel, masked_language_model/transform/bias, "
        "masked_language_model/transform/norm/gamma, masked_language_model/transform/norm/beta, "
        "masked_language_model/output/bias and 3 more"
    )


def test_a_first_part_is_a_whole_part():
    arrays = read_variables(pretraining()) | {"encoder_two/kernel": np.zeros(1)}
    message, _ = refusal(pretraining(seed=None), arrays, allow_unused=["encoder"])
    assert message == "Every weight in the file must belong to the model. Unused: encoder_two/kernel"


def test_another_shape_is_refused_with_both():
    assert refusal(pretraining(seed=None), read_variables(pretraining(vocab_size=6))) == (
        "The weight encoder/embeddings/word_embeddings must have the shape (5, 2). Received: (6, 2)",
        HINT,
    )
