"""An artifact with the ranges of a run says what the run says with rounded numbers."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.errors import RunError
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite.fake_quantization import FakeQuantization
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.rounded_network import build_rounded_network
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.tensor_ranges import tensor_ranges
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.variables import assign_variables, read_variables
from tests.tflite.conftest import LABELS, LENGTH, VOCABULARY

CASES = [
    pytest.param(("int8_full", "mobilebert", "cpu"), id="int8_full-mobilebert"),
    pytest.param(("int8_full", "bert_base", "npu"), id="int8_full-bert_base-npu", marks=pytest.mark.slow),
    *(
        pytest.param((mode, name, "cpu"), id=f"{mode}-{name}", marks=pytest.mark.slow)
        for mode, name in (("int8_full", "bert_base"), ("int8", "mobilebert"), ("int8", "bert_base"),
                           ("int8_full", "mobilebert_no_opt"),
                           ("int4", "mobilebert"), ("int4", "bert_base"))
    ),
]  # fmt: skip


@dataclass
class Made:
    """A folded model, the network that rounds as its artifact does, and the artifact."""

    weights: dict[str, np.ndarray]
    size: Architecture
    network: keras.Model
    trained: TrainedRanges
    source: SourceModel
    content: bytes


@pytest.fixture(scope="module", params=CASES)
def made(request, small_size, random_network, batch) -> Made:
    mode, name, target = request.param
    weights, size = fold(read_variables(random_network(small_size(name))), small_size(name))
    trained = TrainedRanges(mode=mode, target=target, ranges={})
    network = build_rounded_network(
        size, CLASSIFIER, trained.rounding, num_outputs=LABELS, vocab_size=VOCABULARY
    )
    assign_variables(network, weights)
    quantization = FakeQuantization(network, trained.rounding, momentum=0.5, moving_updates=3)
    with quantization.observing():
        for _ in range(3):
            network({key: batch[key] for key in network.input}, training=True)
    trained = trained.model_copy(update={"ranges": quantization.ranges})
    source = SourceModel(weights, size, CLASSIFIER, pytest.fail, Path(), target, trained=trained)
    return Made(weights, size, network, trained, source, source.content(mode, LENGTH))


def test_the_artifact_says_what_the_network_says_with_rounded_numbers(made, batch, tmp_path):
    (tmp_path / "model.tflite").write_bytes(made.content)
    found = Artifact(tmp_path / "model.tflite").predict(batch)
    logits = made.network({key: batch[key] for key in made.network.input}, training=False)["logits"]
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    assert np.abs(found - expected).mean() < 0.01
    assert np.abs(found - expected).max() < 0.05


def test_the_first_dense_map_computes_the_very_integers(made, batch):
    if made.trained.mode != "int8_full":
        pytest.skip("only there are the integers outputs of a tensor of its own")
    place = min(made.trained.ranges, key=lambda name: ("input_projections" not in name, name))
    layer, _, local = place.partition("/")
    found = integers_of(made.content, f"{layer}/MatMul;", batch)
    expected = rounded_values(made.network, layer, local, batch)
    low, high = made.trained.ranges[place]
    steps = np.abs(found.reshape(expected.shape) - expected) / ((max(high, 0) - min(low, 0)) / 255)
    assert steps.mean() < 0.3
    assert steps.max() < 3.5


def rounded_values(network: keras.Model, layer: str, place: str, batch: dict[str, np.ndarray]) -> np.ndarray:
    """What the network computes for the first row at a place, with rounded numbers."""
    standing = network.get_layer(layer).quantizing
    caught = {}

    class Catcher:
        states = standing.states
        kernel, looked_up = standing.kernel, standing.looked_up

        def values(self, name, tensor):
            caught[name] = standing.values(name, tensor)
            return caught[name]

    network.get_layer(layer).quantizing = Catcher()
    network({key: batch[key][:1] for key in network.input}, training=False)
    network.get_layer(layer).quantizing = standing
    return keras.ops.convert_to_numpy(caught[place])


def integers_of(content: bytes, name: str, batch: dict[str, np.ndarray]) -> np.ndarray:
    """What the artifact computes for the first row, as numbers, by the beginning of a tensor's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(model_content=content, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    keys = {"ids": "token_ids", "mask": "padding_mask", "segment_ids": "segment_ids"}
    details = interpreter.get_signature_runner("serving_default").get_input_details()
    for key, detail in details.items():
        interpreter.set_tensor(detail["index"], batch[keys[key]][:1].astype("int32"))
    interpreter.invoke()
    (index,) = [
        detail["index"]
        for detail in interpreter.get_tensor_details()
        if detail["name"].startswith(name) and detail["index"] in computed(content)
    ][:1]
    detail = next(one for one in interpreter.get_tensor_details() if one["index"] == index)
    scale, zero_point = detail["quantization"]
    return (interpreter.get_tensor(index).astype(np.float64) - zero_point) * scale


def computed(content: bytes) -> set[int]:
    """Indices of what operations write."""
    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    return {int(index) for operator in graph.operators for index in operator.outputs}


def test_every_range_is_that_of_a_tensor(made):
    if not made.trained.ranges:
        pytest.skip("the mode has none")
    converted = made.source.converted(made.trained.mode, LENGTH)
    found = tensor_ranges(converted, made.weights, made.size, CLASSIFIER, made.trained)
    for ends in made.trained.ranges.values():
        assert any(np.allclose(ends, other, rtol=0.05, atol=0.02) for other in found.values()), ends


def test_ranges_of_another_model_are_refused(made):
    if made.trained.mode != "int8_full":
        pytest.skip("once is enough")
    other = made.trained.model_copy(update={"ranges": {"layer_07/attention/sum": (0.0, 1.0)}})
    converted = made.source.converted(made.trained.mode, LENGTH)
    with pytest.raises(RunError) as caught:
        tensor_ranges(converted, made.weights, made.size, CLASSIFIER, other)
    assert caught.value.message == (
        "Every range of a run belongs to a tensor of its artifact. Received: layer_07/attention/sum, which none of "
        "them has"
    )
