"""The peer of the artifacts: what TensorFlow's converter makes of the same Keras network through a SavedModel."""

import tempfile
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS

CALIBRATION_ROWS = 8


def straight_conversion(network: keras.Model, mode: str, rows: Mapping[str, np.ndarray]) -> bytes:
    """Converts a network with two labels, and stops where a float32 file answers otherwise than the network.

    Args:
        network: A model from `build_task_network`.
        mode: float32, dynamic_int8 or int8_full.
        rows: Arrays (rows, length) by name of the network's inputs, of the length of the artifact.
    """

    def serve(ids, segment_ids, mask):
        logits = network({"token_ids": ids, "segment_ids": segment_ids, "padding_mask": mask}, training=False)
        return {CLASSIFIER.artifact_outputs[0]: tf.nn.softmax(logits["logits"])}

    length = rows["token_ids"].shape[1]
    archive = keras.export.ExportArchive()
    archive.track(network)
    signature = [tf.TensorSpec((1, length), tf.int32, name=name) for name in ARTIFACT_INPUTS]
    archive.add_endpoint("serve", serve, input_signature=signature)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if mode != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if mode == "int8_full":
            converter.representative_dataset = lambda: (
                {name: rows[key][place : place + 1] for name, key in ARTIFACT_INPUTS.items()}
                for place in range(CALIBRATION_ROWS)
            )
        content: bytes = converter.convert()
    if mode == "float32":
        _require_same_answers(content, network, rows)
    return content


def _require_same_answers(content: bytes, network: keras.Model, rows: Mapping[str, np.ndarray]) -> None:
    row = {key: values[:1] for key, values in rows.items()}
    run = Interpreter(model_content=content).get_signature_runner()
    (probabilities,) = run(**{name: row[key] for name, key in ARTIFACT_INPUTS.items()}).values()
    np.testing.assert_allclose(probabilities, tf.nn.softmax(network(row)["logits"]), atol=1e-4)
