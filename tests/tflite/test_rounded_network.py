"""Networks that compute with rounded numbers: with the mask of their mode, and their ranges among their variables."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np

from mbert_cli.backend import compile_forward
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tflite import rounded_network
from mbert_cli.tflite.fake_quantization import FakeQuantization
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.modes import INTEGER_MASK
from mbert_cli.tflite.rounded_network import build_rounded_network, load_answering_network, with_ranges
from mbert_cli.tflite.roundings import rounding_of
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.variables import assign_variables, read_variables
from tests.tflite.conftest import LABELS, VOCABULARY


def test_a_network_knows_its_ranges_and_keeps_them_out_of_its_weights(random_network, small_size, batch):
    weights, size = fold(read_variables(random_network(small_size("mobilebert"))), small_size("mobilebert"))
    network = build_rounded_network(
        size, CLASSIFIER, rounding_of("int8_full"), num_outputs=LABELS, vocab_size=VOCABULARY
    )
    assert network.get_layer("attention_bias").masked == INTEGER_MASK
    assign_variables(network, weights)
    quantization = FakeQuantization(network, rounding_of("int8_full"))
    knowing = with_ranges(network, quantization)
    known = {id(variable) for variable in knowing.variables}
    assert all(id(state) in known for state in quantization.states.values())
    assert read_variables(network).keys() == weights.keys()
    forward, inputs = compile_forward(knowing), {name: batch[name] for name in network.input}
    found = []
    for end in (0.5, 4.0):
        for state in quantization.states.values():
            state.assign([-end, end, 1.0])
        found.append(keras.ops.convert_to_numpy(forward(inputs)["logits"]))
        np.testing.assert_allclose(found[-1], network(inputs)["logits"], atol=0.2 * end)
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_vectors_of_a_run_that_learned_rounded_numbers_are_those_of_its_float_network(monkeypatch):
    monkeypatch.setattr(TrainedRanges, "load", lambda folder: TrainedRanges(mode="int8", ranges={}))
    monkeypatch.setattr(rounded_network, "load_task_network", lambda model, head: "in float")
    assert load_answering_network(SimpleNamespace(folder=Path()), KINDS["embedding"].head) == "in float"
