"""What the fields of a configuration may be: their types, which are known, and which change nothing."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.weights.field_checks import (
    check_names,
    check_types,
    find_passed_over,
    require_known,
    shown,
    with_usual_names,
)

PATH = Path("theirs/config.json")


def refusal(check, *inputs) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        check(*inputs)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": 3}, "model_type must be a name. Received: 3"),
        ({"hidden_act": ["relu"]}, 'hidden_act must be a name. Received: ["relu"]'),
        ({"normalization_type": False}, "normalization_type must be a name. Received: false"),
        ({"architectures": "BertModel"}, 'architectures must be a list of names. Received: "BertModel"'),
        (
            {"architectures": ["BertModel", 3]},
            'architectures must be a list of names. Received: ["BertModel", 3]',
        ),
    ],
)
def test_what_names_a_model_must_be_a_name(values, message):
    assert refusal(check_names, values, PATH) == (
        f"{message} in theirs/config.json", "Restore the file that was saved with the weights.",
    )  # fmt: skip


def test_names_may_be_missing_or_null():
    check_names({}, PATH)
    check_names({"model_type": None, "architectures": None, "hidden_act": "gelu"}, PATH)


def test_a_field_of_two_names_has_one_value():
    both = {"dim": 8, "n_heads": 2}
    assert with_usual_names({"hidden_size": 8, "n_heads": 2}, "distilbert", PATH) == both
    assert with_usual_names({"hidden_size": 8, "dim": 8, "n_heads": 2}, "distilbert", PATH) == both
    assert with_usual_names({"hidden_size": None, "dim": 8, "n_heads": 2}, "distilbert", PATH) == both
    assert refusal(with_usual_names, {"hidden_size": 9, "dim": 8}, "distilbert", PATH) == (
        "hidden_size and dim are one field of distilbert. Received: 9 and 8 in theirs/config.json",
        "Take the one that the weights do not have out of config.json.",
    )


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"vocab_size": " 30522 "}, 'vocab_size must be a whole number. Received: " 30522 ", a text,',
         'Write it without quotes, as `"vocab_size": 30522`.'),
        ({"hidden_size": 2.5}, "hidden_size must be a whole number. Received: 2.5", None),
        ({"hidden_size": True}, "hidden_size must be a whole number. Received: true", None),
        ({"hidden_dropout_prob": "none"}, 'hidden_dropout_prob must be a number. Received: "none", a text,', None),
        ({"hidden_dropout_prob": "0.1"}, 'hidden_dropout_prob must be a number. Received: "0.1", a text,',
         'Write it without quotes, as `"hidden_dropout_prob": 0.1`.'),
    ],
)  # fmt: skip
def test_a_number_must_be_a_number(values, message, hint):
    assert refusal(check_types, values, "bert", PATH) == (
        f"{message} in theirs/config.json", hint or "Restore the file that was saved with the weights.",
    )  # fmt: skip


def test_whole_numbers_may_be_written_with_a_point_and_null_is_the_default():
    check_types({"hidden_size": 8.0, "hidden_dropout_prob": 0, "num_hidden_layers": None}, "bert", PATH)


@pytest.mark.parametrize(
    ("values", "family", "hint"),
    [
        ({"bottleneck_size": 128}, "mobilebert", "Did you mean intra_bottleneck_size? "),
        ({"zzz": 4}, "bert", ""),
    ],
)  # fmt: skip
def test_a_field_that_nothing_is_known_about_is_refused_unless_allowed(values, family, hint):
    listed = ", ".join(f"{name}: {shown(value)}" for name, value in values.items())
    assert refusal(require_known, values, family, PATH, False) == (
        f"Every field of a configuration must be known, or weights would be misread. Received: {listed} in {PATH}",
        f"{hint}--allow-unknown passes over fields that change no arithmetic.",
    )
    assert require_known(values, family, PATH, True) == [
        f"{name} {shown(value)} is passed over: nothing is known about it" for name, value in values.items()
    ]


def test_an_unknown_field_without_a_value_is_only_noted():
    assert require_known({"zzz": None}, "bert", PATH, False) == [
        "zzz null is passed over: nothing is known about it"
    ]


def test_a_field_that_asks_for_other_arithmetic_is_refused_even_so():
    message, _ = refusal(require_known, {"is_decoder": True}, "bert", PATH, True)
    assert message == "is_decoder must be false. Received: true in theirs/config.json"
    # Heads to prune of which none is named are none.
    assert require_known({"pruned_heads": {"0": [], "1": []}, "is_decoder": None}, "bert", PATH, False) == []


def test_a_field_that_a_family_does_not_read_is_noted_unless_it_says_the_usual():
    assert find_passed_over({"is_decoder": True}, "distilbert", "huggingface") == [
        "is_decoder true is passed over: the class of this family in transformers does not read it"
    ]
    assert find_passed_over({"is_decoder": False, "use_cache": None}, "distilbert", "huggingface") == []


@pytest.mark.parametrize(
    ("family", "values"),
    [("bert", {"embedding_size": 4, "trigram_input": True}), ("distilbert", {"type_vocab_size": 2})],
)
def test_fields_that_only_other_families_have_are_passed_over_as_transformers_does(family, values):
    assert require_known(values, family, PATH, False) == []
    assert find_passed_over(values, family, "huggingface") == [
        f"{name} {shown(value)} is passed over: the class of this family in transformers does not read it"
        for name, value in values.items()
    ]


def test_a_long_value_is_cut():
    assert shown("x" * 10) == '"xxxxxxxxxx"'
    assert shown([1] * 100) == f"{str([1] * 100)[:200]}..."
