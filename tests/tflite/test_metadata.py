"""What is inside an artifact, as bytes; the clients themselves read it in tests/phone/test_clients.py."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.tflite.flatbuffer import tensor_names
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.metadata import (
    METADATA_NAME,
    ArtifactMetadata,
    TensorDescription,
    read_metadata,
    write_metadata,
)

FILES = {"vocab.txt": "[PAD]\nÄ\n".encode(), "labels.txt": b"sea\nmoney\nfilm\n"}
METADATA = ArtifactMetadata(
    name="tiny",
    text="Tells texts about the sea from others.",
    inputs={name: TensorDescription(name, f"The {name}.") for name in ("ids", "segment_ids", "mask")},
    outputs={"probabilities": TensorDescription("probability", "One a label.", "labels.txt")},
    vocabulary_file="vocab.txt",
    files=FILES,
)


@pytest.fixture(scope="module")
def described(content) -> bytes:
    return write_metadata(content, METADATA)


def test_what_is_written_is_read(described):
    assert read_metadata(described) == METADATA


def test_a_model_without_metadata_has_none(content):
    assert read_metadata(content) is None


def test_tensors_without_a_description_keep_their_names(content):
    found = read_metadata(write_metadata(content, ArtifactMetadata("tiny")))
    assert found is not None
    assert list(found.inputs) == ["ids", "segment_ids", "mask"] == [one.name for one in found.inputs.values()]
    assert found.outputs == {"probabilities": TensorDescription("probabilities")}
    assert (found.vocabulary_file, found.files) == (None, {})


def test_names_are_those_of_the_signature_in_the_order_of_the_graph(content):
    assert tensor_names(content) == (["ids", "segment_ids", "mask"], ["probabilities"])


def test_metadata_written_again_take_the_place_of_the_first(described):
    other = replace(METADATA, name="other", files={"vocab.txt": b"[PAD]\n"}, outputs={})
    again = write_metadata(described, other)
    assert read_metadata(again).files == other.files
    assert read_metadata(again).name == "other"
    model = schema.Model.GetRootAs(again, 0)
    names = [model.Metadata(place).Name() for place in range(model.MetadataLength())]
    assert names.count(METADATA_NAME.encode()) == 1
    assert write_metadata(again, METADATA) == described


def test_the_same_artifact_has_the_same_bytes_and_files_as_they_are(content, described):
    assert write_metadata(content, METADATA) == described
    with zipfile.ZipFile(io.BytesIO(described)) as archive:
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            start = info.header_offset + 30 + len(info.filename)
            assert described[start : start + info.file_size] == FILES[info.filename]


def test_the_model_computes_the_same_and_its_data_stay_aligned(described, artifact_path, batch):
    expected = Artifact(artifact_path).predict(batch)
    artifact_path.write_bytes(described)
    np.testing.assert_array_equal(Artifact(artifact_path).predict(batch), expected)
    model = schema.Model.GetRootAs(described, 0)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    starts = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers if buffer.DataLength()]
    assert {start % 16 for start in starts} == {0}


@pytest.mark.parametrize("share", [0.002, 0.01, 0.3, 0.6, 0.95, 0.9999])
def test_a_file_that_was_cut_off_gets_a_sentence(described, share):
    with pytest.raises(UserError) as caught:
        read_metadata(described[: int(len(described) * share)], "moved/model.tflite")
    assert caught.value.message == (
        "The metadata of an artifact are readable, and the files that they name are inside. "
        "Received: moved/model.tflite, which was cut off or changed"
    )
    assert caught.value.hint == "Copy the file again, or write it again with `mbert export-tflite`."


def test_a_packed_file_that_was_changed_gets_a_sentence(described):
    with pytest.raises(UserError, match="cut off or changed"):
        read_metadata(described.replace(b"sea\nmoney", b"sea\nMoney"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_tflite_model_gets_a_sentence(content):
    with pytest.raises(UserError) as caught:
        read_metadata(content, "model.zip")
    assert caught.value.message == "An artifact is a TFLite model. Received: model.zip, which is not one"
