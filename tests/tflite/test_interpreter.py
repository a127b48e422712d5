"""Artifacts are read by name, and other files are refused."""

import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.errors import UserError
from mbert_cli.tasks.kinds import known_outputs
from mbert_cli.tflite.convert import convert_graph, inference_graph
from mbert_cli.tflite.interpreter import Artifact


def test_length_and_labels_are_those_of_the_network(artifact_path, batch):
    artifact = Artifact(artifact_path)
    assert artifact.sequence_length == 12
    assert artifact.predict(batch).shape == (6, 3)


def test_inputs_are_found_by_name_whatever_their_order(tmp_path, batch):
    graph = inference_graph(
        lambda mask, ids, segment_ids: [tf.cast(100 * ids + 10 * mask + segment_ids, tf.float32)[:, :2]],
        ("mask", "ids", "segment_ids"),
        12,
    )
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_graph(graph, "float32"))
    expected = 100 * batch["token_ids"] + 10 * batch["padding_mask"] + batch["segment_ids"]
    np.testing.assert_array_equal(Artifact(path).predict(batch), expected[:, :2])


def test_rows_of_another_length_are_refused(artifact_path, batch):
    with pytest.raises(UserError) as caught:
        Artifact(artifact_path).predict(
            {name: values[:, :8] for name, values in batch.items() if values.ndim > 1}
        )
    assert caught.value.message == f"The artifact {artifact_path} takes rows of 12 tokens. Received: 8"
    assert caught.value.hint == "Encode the text to 12 tokens."


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "absent.tflite"
    with pytest.raises(UserError) as caught:
        Artifact(path)
    assert caught.value.message == f"An artifact is a .tflite file. Received: {path}, which does not exist"
    assert caught.value.hint == "Write one with `mbert export-tflite`."
    with pytest.raises(UserError, match=r"Received: .*, a folder$"):
        Artifact(tmp_path)


def test_a_file_that_is_no_tflite_model_is_refused(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"PK" + bytes(1000))
    with pytest.raises(UserError) as caught:
        Artifact(path)
    assert caught.value.message == (
        f"An artifact is a TFLite model of builtin operations. Received: {path}, which is not one"
    )
    assert caught.value.hint == "Write it again with `mbert export-tflite`."


def test_a_file_that_was_cut_off_is_refused(artifact_path):
    artifact_path.write_bytes(artifact_path.read_bytes()[:2000])
    with pytest.raises(UserError, match="An artifact is a TFLite model of builtin operations"):
        Artifact(artifact_path)


def test_a_model_with_other_inputs_is_refused_with_what_it_has(tmp_path):
    graph = inference_graph(lambda tokens: [tf.cast(tokens, tf.float32)], ("tokens",), 4)
    path = tmp_path / "model.tflite"
    path.write_bytes(convert_graph(graph, "float32"))
    with pytest.raises(UserError) as caught:
        Artifact(path, known_outputs=known_outputs())
    assert caught.value.message == (
        "An artifact reads ids, mask, segment_ids and returns value or probabilities or end_logits and "
        f"start_logits or embedding. Received: {path} with tokens -> probabilities"
    )


def test_outputs_that_no_head_has_are_refused_unless_any_will_do(artifact_path):
    assert Artifact(artifact_path).sequence_length == 12
    with pytest.raises(UserError) as caught:
        Artifact(artifact_path, known_outputs=[("start_logits", "end_logits")])
    assert caught.value.message == (
        "An artifact reads ids, mask, segment_ids and returns end_logits and start_logits. "
        f"Received: {artifact_path} with ids, mask, segment_ids -> probabilities"
    )
