"""What a network says about batches: whichever way it is computed, and in their order."""

import keras
import numpy as np
import pytest

from mbert_cli.evaluate import predict
from mbert_cli.evaluate.outputs import OUTPUT_ACTIVATIONS
from mbert_cli.evaluate.predict import make_predictor
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES

SIZE = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 1})


def batch(rows: int, length: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of random tokens, the last one a filler."""
    mask = np.ones((rows, length), np.int32)
    ids = np.random.default_rng(seed).integers(5, 50, (rows, length)).astype(np.int32)
    weights = (np.arange(rows) < rows - 1).astype(np.float32)
    return {"token_ids": ids, "segment_ids": 0 * mask, "padding_mask": mask, "example_weights": weights}


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build_task_network(SIZE, vocab_size=50, num_outputs=3)


@pytest.mark.parametrize("few", [0, 8])
def test_batches_of_any_length_are_answered_in_order_compiled_or_not(network, monkeypatch, few):
    monkeypatch.setattr(predict, "FEW", few)
    batches = [batch(rows, length, seed) for seed, (rows, length) in enumerate([(3, 8), (2, 16), (5, 9)])]
    outputs = make_predictor(network, "softmax")(iter(batches))
    expected = []
    for one in batches:
        logits = network({name: one[name] for name in network.input})["logits"]
        expected.append(OUTPUT_ACTIVATIONS["softmax"](keras.ops.convert_to_numpy(logits))[:-1])
    np.testing.assert_allclose(outputs, np.concatenate(expected), atol=1e-5)


def test_a_network_is_compiled_once_and_its_weights_are_read_at_every_call(network, monkeypatch):
    monkeypatch.setattr(predict, "FEW", 0)
    traces = []
    call = network.call
    monkeypatch.setattr(network, "call", lambda *args, **typed: traces.append(1) or call(*args, **typed))
    answer = make_predictor(network, "softmax")
    before = answer([batch(3, 8, 0), batch(3, 12, 1)])
    bias = next(weight for weight in network.weights if weight.path == "classifier/bias")
    bias.assign([5.0, 0.0, 0.0])
    after = answer([batch(3, 8, 0), batch(2, 24, 1)])
    bias.assign([0.0, 0.0, 0.0])
    assert len(traces) == 1
    assert (after[:2, 0] > before[:2, 0] + 0.1).all()


def test_few_batches_are_answered_by_what_was_compiled_for_many(network, monkeypatch):
    answer, calls = make_predictor(network, "softmax"), []
    call = network.call
    monkeypatch.setattr(network, "call", lambda *args, **typed: calls.append(1) or call(*args, **typed))
    few = [batch(3, 8, seed) for seed in range(2)]
    answer(few)
    assert len(calls) == 2
    every = answer([batch(3, 8, seed) for seed in range(predict.FEW + 1)])
    np.testing.assert_allclose(answer(few), every[:4], rtol=1e-6)
    assert len(calls) == 3
