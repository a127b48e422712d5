"""Configurations say exactly one architecture, or what is wrong with them."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.weights.configuration import (
    read_configuration,
    why_no_tf1,
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
        has_edges = (file_format, name) == ("huggingface", "mobilebert_no_opt")
        expected = size.model_copy(update={"edge_norm_epsilon": 1e-5 if has_edges else None})
        assert (found.size, found.vocab_size, found.family) == (expected, 99, family)


@pytest.mark.parametrize("normalization", ["no_norm", "layer_norm"])
def test_a_mobilebert_without_bottlenecks_has_plain_blocks_and_is_written_as_it_was_read(
    normalization, tmp_path
):
    values = OPT | {"model_type": "mobilebert", "use_bottleneck": False, "normalization_type": normalization}
    size = read(tmp_path, values, "huggingface").size
    changes = {"intra_dim": None, "key_query_shared_bottleneck": False, "normalization": normalization}
    changes |= {"edge_norm_epsilon": 1e-5 if normalization == "layer_norm" else None}
    assert size == SIZES["mobilebert"].model_copy(update=changes)
    written = write_configuration(size, 30522, "mobilebert")
    assert (written["use_bottleneck"], written["true_hidden_size"]) == (False, 512)
    assert read(tmp_path, written, "huggingface").size == size


def test_a_mobilebert_without_bottlenecks_of_tf1_is_refused(tmp_path):
    error = refusal(tmp_path, OPT | {"use_bottleneck": False}, "tf1")
    assert error.message == (
        "use_bottleneck must be true for a MobileBERT of TF1. "
        f"Received: false, or nothing in its place, in {tmp_path / 'config.json'}"
    )
    assert error.hint == (
        "A MobileBERT without bottlenecks was compared only with Hugging Face's; use that format."
    )


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
            "Received: a: 1 in {path}"),
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
        ({"hidden_act": "silu"}, ("The activation must be one of gelu, gelu_python, gelu_new, gelu_fast, gelu_accurate, "
                                  "gelu_pytorch_tanh, gelu_python_tanh, relu, relu6. Received: silu in {path}")),
        ({"intra_bottleneck_size": "128"},
         'intra_bottleneck_size must be a whole number. Received: "128", a text, in {path}'),
        ({"num_hidden_layers": 2.5}, "num_hidden_layers must be a whole number. Received: 2.5 in {path}"),
        ({"num_hidden_layers": True}, "num_hidden_layers must be a whole number. Received: true in {path}"),
        ({"trigram_input": 1}, "trigram_input must be true or false. Received: 1 in {path}"),
        ({"hidden_dropout_prob": "none"}, 'hidden_dropout_prob must be a number. Received: "none", a text, in {path}'),
        ({"pruned_heads": {"0": [1]}}, 'pruned_heads must be {{}}. Received: {{"0": [1]}} in {path}'),
        ({"per_layer_config": {"0": {"intermediate_size": 4}}},
         'per_layer_config must be {{}}. Received: {{"0": {{"intermediate_size": 4}}}} in {path}'),
        (
            {"use_bottleneck": False, "true_hidden_size": 128},
            "true_hidden_size and hidden_size must be equal. Received: 128 and 512 in {path}",
        ),
        (
            {"true_hidden_size": 256},
            "true_hidden_size and intra_bottleneck_size must be equal. Received: 256 and 128 in {path}",
        ),
        ({"vocab_size": None}, "A configuration must have a vocab_size. Received: null in {path}"),
        (
            {"num_attention_heads": 3},
            ("A configuration must describe an encoder. Received: {path} ("
            "the width inside a block (128) must be a multiple of num_attention_heads (3))"),
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


def test_what_is_no_json_object_is_refused(tmp_path):
    assert refusal(tmp_path, "{").message.startswith(
        f"A configuration must be a JSON file. Received: {tmp_path}/config.json ("
    )
    assert refusal(tmp_path, "[]").message == (
        f"A configuration must be a JSON object. Received: {tmp_path}/config.json"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"is_decoder": True}, "is_decoder must be false. Received: true in {path}"),
        (
            {"position_embedding_type": "relative_key"},
            'position_embedding_type must be "absolute". Received: "relative_key" in {path}',
        ),
        ({"add_cross_attention": True}, "add_cross_attention must be false. Received: true in {path}"),
    ],
)
def test_a_field_that_changes_what_bert_computes_is_refused(fields, message, tmp_path):
    error = refusal(tmp_path, {"vocab_size": 9} | fields)
    assert error.message == message.format(path=tmp_path / "config.json")


@pytest.mark.parametrize("family", ["mobilebert", "distilbert"])
@pytest.mark.parametrize(
    "fields", [{"is_decoder": True}, {"position_embedding_type": "relative_key"}, {"layer_norm_eps": 1e-5}]
)
def test_a_field_that_the_class_of_a_family_does_not_read_is_listed_and_passed_over(family, fields, tmp_path):
    found = read(tmp_path, {"vocab_size": 9, "model_type": family} | fields, "huggingface")
    usual = read(tmp_path, {"vocab_size": 9, "model_type": family}, "huggingface")
    if family == "mobilebert" and "layer_norm_eps" in fields:
        assert found.size.norm_epsilon == 1e-5 and found.notes == ()
        return
    (name, value), *_ = fields.items()
    assert found.size == usual.size
    assert found.notes == (
        (
            f"config.json: {name} {json.dumps(value)} is passed over: "
            "the class of this family in transformers does not read it"
        ),
    )


def test_fields_that_say_nothing_of_the_encoder_are_listed_and_passed_over(tmp_path):
    found = read(
        tmp_path,
        {
            "vocab_size": 9, "sentence_transformers": {"version": "5.1.0"}, "adapters": {}, "tie_word_embeddings": False,
            "layer_norm_eps": 1e-12, "position_embedding_type": "absolute", "is_decoder": False, "use_cache": True,
        },
        "huggingface",
    )  # fmt: skip
    assert found.notes == (
        (
            "config.json: tie_word_embeddings false is passed over: it concerns a masked-LM head alone, whose arrays are "
            "compared"
        ),
        (
            'config.json: sentence_transformers {"version": "5.1.0"} is passed over: it belongs to sentence-transformers; '
            "transformers reads nothing of it"
        ),
        "config.json: adapters {} is passed over: adapters are arrays of their own, and none of them is read",
    )


def test_unknown_fields_are_passed_over_and_listed_where_that_is_wanted(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(OPT | {"mood": "fine", "nothing": None}))
    found = read_configuration(path, "tf1", allow_unknown=True)
    assert found.size == SIZES["mobilebert"]
    assert found.notes == (
        'config.json: mood "fine" is passed over: nothing is known about it',
        "config.json: nothing null is passed over: nothing is known about it",
    )


def test_a_value_that_only_training_reads_is_no_reason_to_refuse(tmp_path):
    found = read(
        tmp_path, {"vocab_size": 9, "initializer_range": 1.0, "hidden_dropout_prob": 1}, "huggingface"
    )
    assert (found.size.initializer_range, found.size.hidden_dropout_rate) == (0.02, 0.1)
    assert found.notes == (
        "config.json: hidden_dropout_prob 1 is passed over: only training reads it, and takes 0.1 instead",
        "config.json: initializer_range 1.0 is passed over: only training reads it, and takes 0.02 instead",
    )


def test_a_family_that_is_not_named_is_known_by_its_fields(tmp_path):
    assert read(tmp_path, {"vocab_size": 9}, "huggingface").family == "bert"
    assert read(tmp_path, {"vocab_size": 9, "dim": 8, "n_heads": 2}, "huggingface").family == "distilbert"
    assert read(tmp_path, OPT, "huggingface").family == "mobilebert"


def test_the_names_that_every_class_understands_are_those_of_distilbert(tmp_path):
    usual = {"vocab_size": 9, "model_type": "distilbert", "dim": 8, "n_heads": 2, "n_layers": 3}
    other = {"vocab_size": 9, "model_type": "distilbert", "hidden_size": 8, "num_attention_heads": 2,
             "num_hidden_layers": 3}  # fmt: skip
    assert read(tmp_path, usual, "huggingface").size == read(tmp_path, other, "huggingface").size
    error = refusal(tmp_path, usual | {"num_hidden_layers": 4})
    assert error.message == (
        f"num_hidden_layers and n_layers are one field of distilbert. Received: 4 and 3 in {tmp_path}/config.json"
    )


def test_a_configuration_without_end_is_refused(tmp_path):
    assert refusal(tmp_path, "[" * 100_000).message.startswith(
        "A configuration must be a JSON file. Received: "
    )
    with open(tmp_path / "config.json", "wb") as file:
        file.truncate(2**40)  # a hole
    with pytest.raises(UserError) as caught:
        read_configuration(tmp_path / "config.json", "huggingface")
    assert "it has 1,099,511,627,776 bytes" in caught.value.message


def test_what_tf1_cannot_compute_is_said(tmp_path):
    size = SIZES["bert_base"].model_copy(update={"norm_epsilon": 1e-5})
    assert read(tmp_path, write_configuration(size, 9, "bert"), "huggingface").size == size
    assert why_no_tf1(size) == "TF1's code adds 1e-12 to the variance of a LayerNorm, not 1e-05"
    exact = SIZES["bert_base"].model_copy(update={"activation": "gelu_exact"})
    assert why_no_tf1(exact) == "TF1's code has the activations gelu, relu, relu6, but not gelu_exact"
    assert why_no_tf1(SIZES["bert_base"]) is None
