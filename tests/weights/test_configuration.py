"""Configurations say exactly one architecture, or what is wrong with them."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.weights.configuration import (
    read_configuration,
    write_configuration,
    write_tf1_configuration,
)

OPT = {
    "attention_probs_dropout_prob": 0.1, "hidden_act": "relu", "hidden_dropout_prob": 0.0,
    "hidden_size": 512, "initializer_range": 0.02, "intermediate_size": 512, "max_position_embeddings": 512,
    "num_attention_heads": 4, "num_hidden_layers": 24, "type_vocab_size": 2, "vocab_size": 30522,
    "embedding_size": 128, "trigram_input": True, "use_bottleneck": True, "intra_bottleneck_size": 128,
    "key_query_shared_bottleneck": True, "num_feedforward_networks": 4, "normalization_type": "no_norm",
    "classifier_activation": False,
}  # fmt: skip
"""The released MobileBERT."""


def read(tmp_path: Path, values: object, file_format: str = "tf1"):
    path = tmp_path / "config.json"
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return read_configuration(path, file_format)


def refusal(tmp_path: Path, values: object, file_format: str = "huggingface") -> UserError:
    with pytest.raises(UserError) as caught:
        read(tmp_path, values, file_format)
    return caught.value


def test_the_released_configuration_is_our_size(tmp_path):
    found = read(tmp_path, OPT)
    assert (found.family, found.vocab_size) == ("mobilebert", 30522)
    assert found.size == SIZES["mobilebert"]


def test_what_is_missing_has_the_default_of_the_code_that_reads_it(tmp_path):
    assert read(tmp_path, {"vocab_size": 9}, "huggingface").size.model_dump() == (
        SIZES["bert_base"].model_dump() | {"activation": "gelu_exact"}
    )
    assert read(tmp_path, {"vocab_size": 9, "type_vocab_size": 2}).size == SIZES["bert_base"]
    mobilebert = read(tmp_path, {"model_type": "mobilebert", "vocab_size": 9}, "huggingface").size
    assert mobilebert == SIZES["mobilebert"].model_copy(update={"use_pooler": True})


@pytest.mark.parametrize(
    "name", ["mobilebert", "mobilebert_tiny", "mobilebert_no_opt", "bert_base", "tinybert_4"]
)
def test_a_size_that_was_written_is_read_again(name, tmp_path):
    size = SIZES[name].model_copy(update={"use_pooler": True})
    family = "mobilebert" if size.intra_dim else "bert"
    for file_format, values in (
        ("huggingface", write_configuration(size, 99, family)),
        ("tf1", write_tf1_configuration(size, 99, family)),
    ):
        found = read(tmp_path, values, file_format)
        assert (found.size, found.vocab_size, found.family) == (size, 99, family)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"bottleneck_size": 128},
            ("Every field of a configuration must be known, or weights would be misread. "
            "Received: bottleneck_size: 128 in {path}"),
        ),
        (
            {"a": 1, "b": None},
            ("Every field of a configuration must be known, or weights would be misread. "
            "Received: a: 1, b: null in {path}"),
        ),
        ({"architectures": 3}, "architectures must be a list of names. Received: 3 in {path}"),
        ({"hidden_act": ["relu"]}, 'hidden_act must be a name. Received: ["relu"] in {path}'),
        (
            {"hidden_size": -3},
            ("A configuration must describe an encoder. Received: {path} (hidden_size -3: "
            "Input should be greater than 0)"),
        ),
        (
            {"model_type": "roberta"},
            "A checkpoint must be of the architecture bert, mobilebert, distilbert. Received: roberta in {path}",
        ),
        ({"hidden_act": "silu"}, ("The activation must be one of gelu, gelu_new, gelu_pytorch_tanh, relu, relu6. "
                                 "Received: silu in {path}")),
        ({"use_bottleneck": False}, "use_bottleneck must be true for a MobileBERT. Received: false, or nothing in its place, in {path}"),
        (
            {"true_hidden_size": 256},
            "true_hidden_size and intra_bottleneck_size must be equal. Received: 256 and 128 in {path}",
        ),
        ({"is_decoder": True}, "is_decoder must be false. Received: true in {path}"),
        ({"vocab_size": None}, "A configuration must have a vocab_size. Received: null in {path}"),
        (
            {"num_attention_heads": 3},
            ("A configuration must describe an encoder. Received: {path} ("
            "the width inside a block (128) must be a multiple of num_heads (3))"),
        ),
    ],
)  # fmt: skip
def test_a_field_that_is_unknown_or_contradicts_is_named(changes, message, tmp_path):
    error = refusal(tmp_path, OPT | {"model_type": "mobilebert"} | changes)
    assert error.message == message.format(path=tmp_path / "config.json")
    assert error.hint


def test_settings_for_writing_text_and_old_names_are_passed_over(tmp_path):
    old = {"_num_labels": 3, "do_sample": False, "max_length": 20, "bad_words_ids": None, "xla_device": None}
    assert read(tmp_path, OPT | old).size == SIZES["mobilebert"]


def test_the_fork_s_name_of_the_width_is_recognised(tmp_path):
    hint = refusal(tmp_path, {"vocab_size": 9, "bottleneck_size": 128}, "tf1").hint
    assert hint == "Did you mean intra_bottleneck_size?"


def test_fields_of_another_family_are_recognised(tmp_path):
    error = refusal(
        tmp_path, {"vocab_size": 9, "model_type": "bert", "embedding_size": 4, "trigram_input": True}
    )
    assert error.message == (
        "Every field of a configuration must be known, or weights would be misread. "
        f"Received: embedding_size: 4, trigram_input: true in {tmp_path}/config.json"
    )
    assert error.hint == "They are fields of mobilebert: correct model_type."


def test_what_is_no_json_object_is_refused(tmp_path):
    assert refusal(tmp_path, "{").message.startswith(
        f"A configuration must be a JSON file. Received: {tmp_path}/config.json ("
    )
    assert refusal(tmp_path, "[]").message == (
        f"A configuration must be a JSON object. Received: {tmp_path}/config.json"
    )
