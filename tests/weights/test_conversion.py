"""Arrays under the names of another project become ours, and every one of them is accounted for."""

import ml_dtypes
import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.weights.conversion import from_foreign, reason_to_skip, to_foreign, unread_arrays
from mbert_cli.weights.names import Weight

KERNEL = Weight("classifier/kernel", ("classifier.weight",), (3, 2), True, ("hidden", "labels"))
BIAS = Weight("classifier/bias", ("classifier.bias", "classifier.beta"), (2,), False, ("labels",))
WEIGHTS = [KERNEL, BIAS]
ARRAYS = {
    "classifier.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "classifier.bias": np.ones(2, np.float16),
}


def refusal(arrays, weights=WEIGHTS, **options) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        from_foreign(arrays, weights, **options)
    return caught.value.message, caught.value.hint


def test_kernels_are_transposed_and_all_become_float32():
    found, coverage = from_foreign(ARRAYS, WEIGHTS)
    np.testing.assert_array_equal(found["classifier/kernel"], [[0, 3], [1, 4], [2, 5]])
    assert found["classifier/bias"].dtype == np.float32 and found["classifier/bias"].tolist() == [1, 1]
    assert (coverage.read, coverage.used, coverage.skipped, coverage.unused) == (2, tuple(ARRAYS), {}, ())


def test_what_goes_out_is_what_came_in():
    found, _ = from_foreign(ARRAYS, WEIGHTS)
    again = to_foreign(found, WEIGHTS)
    assert list(again) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(again[name], array)


def test_an_array_may_stand_under_its_other_name():
    renamed = {"classifier.weight": ARRAYS["classifier.weight"], "classifier.beta": ARRAYS["classifier.bias"]}
    assert from_foreign(renamed, WEIGHTS)[1].used == ("classifier.weight", "classifier.beta")


def test_a_weight_that_is_missing_is_named():
    assert refusal({"classifier.bias": ARRAYS["classifier.bias"]}) == (
        "Every weight of the network must be in the checkpoint. Missing: classifier.weight",
        "Check the configuration beside it: its fields say which weights there are.",
    )
    many = [Weight(f"w{i}", (f"w{i}",), (1,), False, ("hidden",)) for i in range(8)]
    assert refusal({}, many)[0].endswith("Missing: w0, w1, w2, w3, w4 and 3 more")


def test_another_shape_is_told_with_the_fields_that_say_it():
    wide = ARRAYS | {"classifier.weight": np.zeros((2, 4), np.float32)}
    assert refusal(wide, fields={"hidden": "hidden_size", "labels": "num_labels"}) == (
        "classifier/kernel must have the shape (2, 3) in the checkpoint. Received: (2, 4) for classifier.weight",
        "Use the configuration and the vocabulary that were saved with the weights. The weights have hidden_size 4.",
    )
    flat = ARRAYS | {"classifier.weight": np.zeros(6, np.float32)}
    assert refusal(flat, fields={"hidden": "hidden_size"})[1] == (
        "Use the configuration and the vocabulary that were saved with the weights."
    )


@pytest.mark.parametrize("dtype", [np.int32, np.bool_, np.complex64])
def test_what_is_no_floating_point_number_is_refused(dtype):
    message, hint = refusal(ARRAYS | {"classifier.bias": np.ones(2, dtype)})
    assert message == (
        f"A weight must consist of floating-point numbers. Received: {np.dtype(dtype)} for classifier.bias"
    )
    assert hint == "Save the model in float32, float16 or bfloat16."


def test_bfloat16_is_read_and_what_is_not_finite_is_not():
    found, _ = from_foreign(ARRAYS | {"classifier.bias": np.array([1.5, -2], ml_dtypes.bfloat16)}, WEIGHTS)
    assert found["classifier/bias"].tolist() == [1.5, -2]
    for value in (np.nan, np.inf, 1e300):
        message, _ = refusal(ARRAYS | {"classifier.bias": np.array([value, 0], np.float64)})
        assert (
            message == "Every weight must be finite in float32. Received: NaN or infinity in classifier.bias"
        )


def test_an_array_that_nothing_is_known_about_is_refused_unless_allowed():
    more = ARRAYS | {
        "other": np.zeros(1, np.float32),
        "global_step": np.array(3),
        "nothing": np.zeros((0, 2)),
    }
    assert refusal(more) == (
        "Every array of the checkpoint must be used, or be known to be needless. Unused: other",
        "Give --allow-unused to leave them out.",
    )
    _, coverage = from_foreign(more, WEIGHTS, allow_unused=True, needless={"classifier.bias": "never"})
    assert coverage.unused == ("other",) and coverage.read == 5
    assert coverage.skipped == {"state of the training": ("global_step",), "nothing in it": ("nothing",)}
    _, coverage = from_foreign(more, WEIGHTS, needless={"other": "a head of another task"})
    assert coverage.skipped["a head of another task"] == ("other",)


TABLE = Weight(
    "encoder/embeddings/word_embeddings", ("bert.words",), (2, 2), False, ("vocabulary", "embedding")
)
OUTPUT = Weight("masked_language_model/output/bias", ("cls.bias",), (2,), False, ("vocabulary",))
TIED = {"bert.words": np.eye(2, dtype=np.float32), "cls.bias": np.ones(2, np.float32)}


def test_a_second_copy_of_a_tied_weight_must_be_a_copy():
    copy = TIED | {"cls.predictions.decoder.weight": TIED["bert.words"].copy()}
    assert from_foreign(copy, [TABLE, OUTPUT])[1].skipped == {
        "second name of a weight": ("cls.predictions.decoder.weight",)
    }
    other = TIED | {"cls.predictions.decoder.weight": TIED["bert.words"] + 1}
    message, _ = refusal(other, [TABLE, OUTPUT])
    assert message == (
        "cls.predictions.decoder.weight must be a copy of encoder/embeddings/word_embeddings, to which it is tied. "
        "Received: other numbers"
    )
    # Without the head that would read it the copy is of no account.
    assert from_foreign(other, [TABLE], needless={"cls.bias": "no head"})[1].unused == ()


def test_a_tied_weight_is_found_under_its_second_name_alone():
    only = {"cls.predictions.decoder.weight": TIED["bert.words"], "cls.bias": TIED["cls.bias"]}
    found, coverage = from_foreign(only, [TABLE, OUTPUT])
    np.testing.assert_array_equal(found[TABLE.role], np.eye(2))
    assert coverage.used == ("cls.predictions.decoder.weight", "cls.bias")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bert/encoder/layer_0/output/dense/kernel/adam_m", "state of the optimizer"),
        ("global_step", "state of the training"),
        ("a/FakeQuantWithMinMaxVars_3/max", "range of a simulated quantization"),
        ("teacher/bert/embeddings", "teacher of a distillation"),
        ("hidden_distill_7/gamma", "normalization of a distillation loss"),
        ("model.fit_denses.2.weight", "projection of TinyBERT's distillation"),
        ("bert.embeddings.position_ids", "numbers of the positions"),
        ("vocab_projector.weight", "second name of a weight"),
        ("bert/embeddings/adam_mm", None),
        ("my_global_step", None),
    ],
)
def test_needless_arrays_are_known_by_their_whole_name(name, reason):
    assert reason_to_skip(name) == reason


def test_a_weight_without_a_name_in_the_format_is_refused():
    with pytest.raises(UserError) as caught:
        to_foreign({"classifier/kernel": np.zeros((3, 2)), "pooler/kernel": np.zeros((2, 2))}, WEIGHTS)
    assert (
        caught.value.message
        == "Every weight of a run must have a name in the format. Without one: pooler/kernel"
    )
    assert caught.value.hint == "Choose the other format with --to."


def test_parts_that_transformers_makes_and_never_applies_stay_behind():
    names = [
        "m.embeddings.embedding_transformation.weight",
        "m.encoder.layer.0.bottleneck.attention.dense.weight",
        "x",
    ]
    assert unread_arrays(names, SIZES["mobilebert"]) == {}
    assert list(unread_arrays(names, SIZES["mobilebert_tiny"])) == names[1:2]
    plain = SIZES["mobilebert"].model_copy(update={"trigram_input": False, "embedding_dim": 512})
    assert list(unread_arrays(names, plain)) == names[:1]
