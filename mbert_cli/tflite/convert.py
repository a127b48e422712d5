"""A task network -> a .tflite file with builtin ops only.

The weights are read out of the Keras network and folded (`fold.py`); a network of the folded architecture is traced
with them as constants (`graph.py`), and the graph goes to TensorFlow's converter as it is. A round trip through a
SavedModel takes three times as long and twice the memory.
"""

import gc
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import keras

from mbert_cli.backend import start_with_tensorflow
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture
from mbert_cli.model.task_head import CLASSIFIER, TaskHead
from mbert_cli.native_output import hidden_native_output
from mbert_cli.tflite.flatbuffer import name_signature
from mbert_cli.tflite.fold import Weights, fold
from mbert_cli.tflite.graph import build_inference
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS
from mbert_cli.tflite.modes import MODES, Mode
from mbert_cli.weights.variables import read_variables

with hidden_native_output():
    import tensorflow as tf


def convert(network: keras.Model, sequence_length: int, mode: str, head: TaskHead = CLASSIFIER) -> bytes:
    """Converts a task network.

    Args:
        network: A model from `build_task_network`.
        sequence_length: Static length of the artifact in tokens.
        mode: A key of `MODES`.
        head: The one that the network has.

    Returns:
        The content of a .tflite file with the one signature `serving_default`, whose inputs are those of
        `mbert_cli.tflite.interpreter` and whose outputs the head names. For a mode with `is_quantized_after` it is the
        float32 file that `quantize` takes.

    Raises:
        UserError: The sequence is longer than the position table.
    """
    size = network.get_layer("embeddings").size
    return convert_weights(read_variables(network), size, sequence_length, mode, head)


def convert_weights(
    weights: Weights, size: Architecture, sequence_length: int, mode: str, head: TaskHead = CLASSIFIER
) -> bytes:
    """Converts a task model given as arrays by canonical name; all else is as in `convert`."""
    return convert_folded(*fold(weights, size), sequence_length, mode, head)


def convert_folded(
    weights: Weights, size: Architecture, sequence_length: int, mode: str, head: TaskHead = CLASSIFIER
) -> bytes:
    """Converts a task model that `fold` returned; all else is as in `convert`."""
    if sequence_length > size.max_length:
        raise UserError(
            f"An artifact is at most as long as the position table, {size.max_length} tokens. "
            f"Received: {sequence_length}",
            f"Take {size.max_length} tokens or less: `mbert export-tflite --length {size.max_length}`.",
        )
    if keras.backend.backend() != "tensorflow":
        return _convert_with_tensorflow(weights, size, sequence_length, mode, head)
    graph = inference_graph(
        build_inference(weights, size, head, MODES[mode].mask),
        tuple(ARTIFACT_INPUTS),
        sequence_length,
        head.artifact_outputs,
    )
    gc.collect()  # the network, whose layers refer to one another, would stay beside the converter's copies
    return convert_graph(graph, mode)


def _convert_with_tensorflow(*arguments: Any) -> bytes:
    """`convert_folded` in a process of its own, where TensorFlow computes what Keras says."""
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=start_with_tensorflow)
    with pool:
        return pool.submit(convert_folded, *arguments).result()


@dataclass(frozen=True)
class InferenceGraph:
    """A TensorFlow graph with its weights as constants."""

    definition: tf.compat.v1.GraphDef
    inputs: list[tf.Tensor]
    outputs: list[tf.Tensor]


def inference_graph(
    build: Callable[..., Sequence[tf.Tensor]],
    input_names: Sequence[str],
    sequence_length: int,
    output_names: Sequence[str] = CLASSIFIER.artifact_outputs,
) -> InferenceGraph:
    """What `build` makes of int32 inputs (1, sequence_length), given by name."""
    graph = tf.Graph()
    with graph.as_default():
        inputs = {
            name: tf.compat.v1.placeholder(tf.int32, (1, sequence_length), name=name) for name in input_names
        }
        built = zip(build(**inputs), output_names, strict=True)
        outputs = [tf.identity(output, name=name) for output, name in built]
    return InferenceGraph(graph.as_graph_def(), list(inputs.values()), outputs)


def convert_graph(graph: InferenceGraph, mode: str) -> bytes:
    """Converts a graph in one of the `MODES`.

    Raises:
        UserError: An op has no builtin counterpart in TFLite.
    """
    converter = tf.compat.v1.lite.TFLiteConverter(graph.definition, graph.inputs, graph.outputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.exclude_conversion_metadata = True
    set_mode(converter, MODES[mode])
    return name_signature(_run(converter))


def set_mode(converter: tf.compat.v1.lite.TFLiteConverter, mode: Mode) -> None:
    """Tells the converter what to store weights in, from which follows what it computes with."""
    if mode.is_quantized_after:
        return
    if mode.weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode.weights == "float16":
        converter.target_spec.supported_types = [tf.float16]


def _run(converter: tf.compat.v1.lite.TFLiteConverter) -> bytes:
    try:
        return bytes(converter.convert())
    except Exception as error:  # the converter's own class is not public
        refused = sorted(set(re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex op", str(error))))
        if not refused:
            raise
        raise UserError(
            f"An artifact has only TFLite's builtin operations. Received: {', '.join(refused)}",
            "Express it in other operations in mbert_cli/model; "
            "a phone without the Flex delegate refuses the file.",
        ) from error
