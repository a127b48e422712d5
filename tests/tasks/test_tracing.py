"""Everything that an encoder makes of a text, with and without padding behind it."""

from types import SimpleNamespace

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.tracing import trace_model
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.variables import read_variables

VOCABULARY = Vocabulary((*LEADING_TOKENS, "it", "rains", "."))
CHANGES = {"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intermediate_dim": 24, "num_heads": 2,
           "intra_dim": 16, "max_length": 8}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> SimpleNamespace:
    """What is read of a run of a student with random weights."""
    size = SIZES["mobilebert"].model_copy(update=CHANGES)
    network = build_pretraining_network(size, vocab_size=VOCABULARY.size, seed=1)
    description = ModelDescription(verb="distill", size=size, vocabulary=describe_vocabulary(VOCABULARY))
    return SimpleNamespace(description=description, weights=read_variables(network), vocabulary=VOCABULARY)


def test_a_text_is_read_with_padding_behind_it_that_is_shown_when_asked_for(model):
    by_default, shown, without = (trace_model(model, "it rains", None, pad) for pad in (None, True, False))
    assert shown["tokens"].tolist() == [*by_default["tokens"].tolist(), "[PAD]"]
    assert by_default["tokens"].tolist() == without["tokens"].tolist() == ["[CLS]", "it", "rains", "[SEP]"]
    assert shown["attention/layer_01"].shape == (2, 5, 5)
    for name in ("embeddings", "hidden_states/layer_01"):
        np.testing.assert_array_equal(by_default[name], shown[name][:-1])
    np.testing.assert_array_equal(by_default["embeddings"][:-1], without["embeddings"][:-1])
    assert np.abs(by_default["embeddings"][-1] - without["embeddings"][-1]).max() > 1e-3


def test_a_text_that_fills_all_positions_is_read_without_padding(model, capsys):
    arrays = trace_model(model, "it rains it rains it rains", None, True)
    assert arrays["tokens"].tolist() == ["[CLS]", *(["it", "rains"] * 3), "[SEP]"]
    assert (
        "The text fills all 8 positions of the model: there is no room for [PAD]" in capsys.readouterr().err
    )


def test_a_text_longer_than_the_positions_is_refused(model):
    with pytest.raises(UserError) as caught:
        trace_model(model, "it rains it rains it rains it", None)
    assert caught.value.message == (
        "A text to trace must fit the positions of the model, 8 tokens. Received: 9"
    )
    assert caught.value.hint == "Shorten the text."


def test_a_model_that_was_fine_tuned_for_a_client_reads_texts_as_that_does(model):
    task = InstalledDocsTask(source="installed_docs", client="mediapipe")
    tuned = SimpleNamespace(
        **vars(model) | {"description": model.description.model_copy(update={"task": task})}
    )
    assert trace_model(model, "it\u00a0rains", None)["tokens"].tolist() == ["[CLS]", "it", "rains", "[SEP]"]
    assert trace_model(tuned, "it\u00a0rains", None)["tokens"].tolist() == ["[CLS]", "[UNK]", "[SEP]"]


def test_attention_is_a_distribution_over_keys(model):
    arrays = trace_model(model, "it rains", "it")
    assert arrays["segment_ids"].tolist() == [0, 0, 0, 0, 1, 1]
    for layer in range(2):
        attention = arrays[f"attention/layer_{layer:02d}"]
        assert attention.shape == (2, 6, 6)
        # What is missing to 1 looks at the column of [PAD], which is masked.
        np.testing.assert_allclose(attention.sum(axis=-1), 1, atol=1e-5)
    assert arrays["pooled"].shape == (32,)
