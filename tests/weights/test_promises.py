"""A configuration that promises more than the file holds is refused before anything is built from it."""

import json
import time

import pytest

from mbert_cli.errors import UserError
from mbert_cli.weights.configuration import Configuration, read_configuration
from mbert_cli.weights.names import weights_of
from mbert_cli.weights.promises import require_counts, require_tied

BERT = {
    "vocab_size": 9,
    "hidden_size": 8,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "num_hidden_layers": 2,
}
MOBILEBERT = BERT | {
    "model_type": "mobilebert", "embedding_size": 4, "intra_bottleneck_size": 4, "num_feedforward_networks": 3,
}  # fmt: skip
DISTILBERT = {
    "model_type": "distilbert",
    "vocab_size": 9,
    "dim": 8,
    "n_heads": 2,
    "hidden_dim": 8,
    "n_layers": 2,
}


@pytest.fixture
def configure(tmp_path):
    def read(fields: dict, file_format: str = "huggingface") -> Configuration:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(fields))
        return read_configuration(path, file_format)

    return read


@pytest.mark.parametrize(
    ("fields", "file_format"),
    [(BERT, "huggingface"), (MOBILEBERT, "huggingface"), (DISTILBERT, "huggingface"), (BERT, "tf1")],
)
def test_a_count_without_end_is_refused_at_once(fields, file_format, configure):
    configuration = configure(fields, file_format)
    size, family = configuration.size, configuration.family
    names = [weight.names[0] for weight in weights_of(size, 9, {}, file_format, family)]
    require_counts(names, configuration, file_format)
    counts = {"n_layers" if family == "distilbert" else "num_hidden_layers": 2}
    if family == "mobilebert":
        counts["num_feedforward_networks"] = 3
    for field, count in counts.items():
        promising = configure(fields | {field: 1_000_000_000}, file_format)
        began = time.perf_counter()
        with pytest.raises(UserError) as caught:
            require_counts(names, promising, file_format)
        assert time.perf_counter() - began < 1
        assert caught.value.message == (
            f"{field} must be at most what the checkpoint has, {count}. "
            f"Received: 1000000000 in {promising.path}"
        )
        assert caught.value.hint == f"Set {field} to {count} if no file of the checkpoint is missing."


def test_arrays_of_other_names_are_named(configure):
    configuration = configure(BERT)
    with pytest.raises(UserError) as caught:
        require_counts(["roberta.encoder.layer.0.output.dense.bias"], configuration, "huggingface")
    assert caught.value.message == (
        "A checkpoint of bert must have layers under its own names, such as bert.encoder.layer.0. Received: 1 array, "
        f"such as roberta.encoder.layer.0.output.dense.bias, beside {configuration.path}"
    )


def test_an_output_layer_of_its_own_must_be_in_the_file(configure):
    heads = ("masked_language_model",)
    untied = configure(BERT | {"tie_word_embeddings": False})
    require_tied((), (), untied)
    require_tied(heads, (), configure(BERT))
    require_tied(heads, ("cls.predictions.decoder.weight",), untied)
    with pytest.raises(UserError) as caught:
        require_tied(heads, (), untied)
    assert caught.value.message == (
        "A masked-LM head with tie_word_embeddings false must have its own output layer in the checkpoint. "
        f"Received: no cls.predictions.decoder.weight beside {untied.path}"
    )


def test_a_length_that_the_arrays_do_not_have_is_refused_with_the_field_and_its_value(configure, tmp_path):
    import numpy as np

    from mbert_cli.weights.checkpoint_source import read_checkpoint
    from mbert_cli.weights.huggingface import write_model

    size = configure(BERT).size
    weights = weights_of(size, 9, {"pooler": 0}, "huggingface", "bert")
    arrays = {
        weight.names[0]: np.zeros(weight.shape[::-1] if weight.is_transposed else weight.shape, np.float32)
        for weight in weights
    }
    for field, found in (("vocab_size", 9), ("max_position_embeddings", 512), ("intermediate_size", 8)):
        write_model(tmp_path, arrays, BERT | {field: 1_000_000_000})
        with pytest.raises(UserError) as caught:
            read_checkpoint(tmp_path)
        assert "1000000000" in caught.value.message
        assert caught.value.hint == (
            "Use the configuration and the vocabulary that were saved with the weights. "
            f"The weights have {field} {found}."
        )
