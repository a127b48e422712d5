"""The released MobileBERT computes what its publishers say; needs the checkpoint.

    MBERT_GOLDEN_CHECKPOINT=mobilebert-uncased make test-slow

The folder is that of `google/mobilebert-uncased` on the hub, or the TF1 release. The values are those of Hugging
Face's integration test; activations span eight powers of ten, so they are compared by ratio.
"""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.commands.import_checkpoint import find_source
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.text.foreign_tokenizer import find_vocabulary
from mbert_cli.weights.checkpoint_source import Imported, read_checkpoint
from mbert_cli.weights.variables import assign_variables

CHECKPOINT = os.environ.get("MBERT_GOLDEN_CHECKPOINT")
TOKEN_IDS = [101, 7110, 1005, 1056, 2023, 11333, 17413, 1029, 102]
LAST_HIDDEN_STATE = [
    [-2.4736526e07, 8.2691656e04, 1.6521838e05],
    [-5.7541704e-01, 3.9056022e00, 4.4011507e00],
    [2.6047359e00, 1.5677652e00, -1.7324188e-01],
]
BLANK = ["the", "man", "worked", "as", "a", "[MASK]", "."]
FILLED_IN = ["carpenter", "waiter", "mechanic", "teacher", "clerk"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHECKPOINT is None, reason="MBERT_GOLDEN_CHECKPOINT does not name the released checkpoint"
    ),
]


@pytest.fixture(scope="module")
def imported() -> Imported:
    return read_checkpoint(find_source(CHECKPOINT))


@pytest.fixture(scope="module")
def network(imported) -> keras.Model:
    network = build_pretraining_network(imported.size, vocab_size=imported.vocab_size, seed=None)
    heads = {"masked_language_model", "next_sentence"} - set(imported.heads)
    task_heads = {"classifier", "answer_span", "token_classifier", "pooler"}
    assign_variables(network, imported.arrays, allow_missing=heads, allow_unused=task_heads)
    return network


def run(network: keras.Model, token_ids: list[int], length: int, positions: list[int]) -> dict:
    padding = [0] * (length - len(token_ids))
    batch = {
        "token_ids": np.array([token_ids + padding], np.int32),
        "segment_ids": np.zeros((1, length), np.int32),
        "padding_mask": np.array([[1] * len(token_ids) + padding], np.int32),
        "masked_positions": np.array([positions], np.int32),
    }
    return network({name: batch[name] for name in network.input})


def test_the_last_hidden_state_is_the_published_one(network):
    found = run(network, TOKEN_IDS, len(TOKEN_IDS), [0])["hidden_states"][-1][0, :3, :3]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found) / np.array(LAST_HIDDEN_STATE), 1, atol=1e-3)


def test_a_blank_is_filled_in_as_published(network, imported):
    if "masked_language_model" not in imported.heads:
        pytest.skip("this checkpoint has no masked-LM head")
    source = find_source(CHECKPOINT)
    folder = source if source.is_dir() else Path(source).parent
    tokens = find_vocabulary(folder, imported.vocab_size).vocabulary.tokens
    ids = [tokens.index(token) for token in ("[CLS]", *BLANK, "[SEP]")]
    logits = run(network, ids, 512, [ids.index(tokens.index("[MASK]"))])["masked_logits"][0, 0]
    best = np.argsort(-keras.ops.convert_to_numpy(logits))[:5]
    assert [tokens[index] for index in best] == FILLED_IN
