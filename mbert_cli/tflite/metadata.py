"""What an artifact carries inside: names of its tensors, vocabulary, labels and description.

The file alone is enough then, for the clients of phones, which read TFLite's metadata (schema 1.5), and for `mbert`,
which finds `model.json` beside the vocabulary. The metadata are a flatbuffer in a buffer of the model; the files are a
zip archive, not compressed, that is appended to the model: what follows a flatbuffer is no part of it.
"""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.tflite.flatbuffer import TFLITE_IDENTIFIER, pack_model, tensor_names
from mbert_cli.tflite.metadata_tables import (
    AXIS_LABELS,
    BERT_TOKENIZER,
    FEATURE_PROPERTIES,
    METADATA_IDENTIFIER,
    UNKNOWN_FILE,
    VOCABULARY,
    ContentField,
    Fields,
    FileField,
    GraphField,
    ModelField,
    TableReader,
    TensorField,
    TokenizerField,
    UnitField,
    pack_table,
)

METADATA_NAME = "TFLITE_METADATA"
MIN_PARSER_VERSION = "1.1.0"
"""The version of the schema that brought BertTokenizerOptions, the newest of what is written."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip: the same artifact has the same bytes whenever it is made
_DAMAGED = (
    struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError, zipfile.BadZipFile,
)  # fmt: skip
"""What reading a flatbuffer or an archive of which a part is missing ends in."""


@dataclass(frozen=True)
class TensorDescription:
    """What an input or an output is.

    Attributes:
        name: What clients call it.
        text: What it holds, in a sentence.
        labels_file: Name of the packed file with a label per line, one for each place of its last axis.
    """

    name: str
    text: str = ""
    labels_file: str | None = None


@dataclass(frozen=True)
class ArtifactMetadata:
    """What is written into an artifact.

    Attributes:
        name: Of the model.
        text: What it does, in a sentence.
        inputs: Descriptions by the name that the signature has for the tensor; others keep that name.
        outputs: Likewise.
        vocabulary_file: Name of the packed file by which a client cuts texts, as BERT's vocabularies are; None where
            no client reads texts for this model.
        files: Contents of packed files by name.
    """

    name: str
    text: str = ""
    inputs: Mapping[str, TensorDescription] = field(default_factory=dict)
    outputs: Mapping[str, TensorDescription] = field(default_factory=dict)
    vocabulary_file: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def write_metadata(content: bytes, metadata: ArtifactMetadata) -> bytes:
    """Adds metadata and files to a .tflite file, or replaces those that it has.

    Args:
        content: The content of a .tflite file. The data of its tensors stay aligned to 16 bytes.
        metadata: What is added. In a file of several subgraphs it describes the first; MediaPipe's clients refuse
            such a file.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.metadata = model.metadata or []
    entry = next((entry for entry in model.metadata if entry.name == METADATA_NAME.encode()), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = METADATA_NAME, len(model.buffers)
        model.metadata.append(entry)
        model.buffers.append(schema.BufferT())
    packed = pack_table(_describe_model(metadata, *tensor_names(content)))
    model.buffers[entry.buffer].data = np.frombuffer(packed, np.uint8)
    return _append_files(pack_model(model, len(content)), metadata.files)


def read_metadata(content: bytes, source: object = "a file") -> ArtifactMetadata | None:
    """What `write_metadata` added; None for a model without metadata.

    Args:
        content: The content of a .tflite file.
        source: What messages call it.

    Raises:
        UserError: It is not a TFLite model, or a part of it is missing.
    """
    if content[4:8] != TFLITE_IDENTIFIER:
        raise UserError(
            f"An artifact is a TFLite model. Received: {source}, which is not one",
            "Write it again with `mbert export-tflite`.",
        )
    try:
        packed = _packed_metadata(content)
        if packed is None:
            return None
        root = TableReader.of_root(packed)
        (graph,) = root.tables(ModelField.SUBGRAPHS)
        inputs, outputs = tensor_names(content)
        return ArtifactMetadata(
            name=root.text(ModelField.NAME) or "",
            text=root.text(ModelField.DESCRIPTION) or "",
            inputs=_read_tensors(graph, GraphField.INPUTS, inputs),
            outputs=_read_tensors(graph, GraphField.OUTPUTS, outputs),
            vocabulary_file=_vocabulary_file(graph),
            files=_read_files(content, bool(root.tables(ModelField.FILES))),
        )
    except _DAMAGED as error:
        raise UserError(
            "The metadata of an artifact are readable, and the files that they name are inside. "
            f"Received: {source}, which was cut off or changed",
            "Copy the file again, or write it again with `mbert export-tflite`.",
        ) from error


def _describe_model(metadata: ArtifactMetadata, inputs: list[str], outputs: list[str]) -> Fields:
    graph: dict[int, Any] = {
        GraphField.INPUTS: [_describe_tensor(metadata.inputs, name) for name in inputs],
        GraphField.OUTPUTS: [_describe_tensor(metadata.outputs, name) for name in outputs],
    }
    if metadata.vocabulary_file is not None:
        vocabularies = [_describe_file(metadata.vocabulary_file, VOCABULARY)]
        unit = {
            UnitField.KIND: BERT_TOKENIZER,
            UnitField.OPTIONS: {TokenizerField.VOCABULARIES: vocabularies},
        }
        graph[GraphField.INPUT_UNITS] = [unit]
    return {
        ModelField.NAME: metadata.name,
        ModelField.DESCRIPTION: metadata.text,
        ModelField.SUBGRAPHS: [graph],
        ModelField.FILES: [_describe_file(name, UNKNOWN_FILE) for name in metadata.files],
        ModelField.MIN_PARSER_VERSION: MIN_PARSER_VERSION,
    }


def _describe_tensor(known: Mapping[str, TensorDescription], name: str) -> Fields:
    tensor = known.get(name, TensorDescription(name))
    fields: dict[int, Any] = {
        TensorField.NAME: tensor.name,
        TensorField.DESCRIPTION: tensor.text,
        TensorField.CONTENT: {ContentField.KIND: FEATURE_PROPERTIES, ContentField.PROPERTIES: {}},
    }
    if tensor.labels_file is not None:
        fields[TensorField.FILES] = [_describe_file(tensor.labels_file, AXIS_LABELS)]
    return fields


def _describe_file(name: str, kind: int) -> Fields:
    return {FileField.NAME: name, FileField.KIND: kind}


def _append_files(model: bytes, files: Mapping[str, bytes]) -> bytes:
    """The model and behind it an archive, whose places count from the beginning of the model."""
    if not files:
        return model
    stream = io.BytesIO(model)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content)
    return stream.getvalue()


def _packed_metadata(content: bytes) -> bytes | None:
    """The flatbuffer of the metadata."""
    model = schema.Model.GetRootAs(content, 0)
    for entry in (model.Metadata(index) for index in range(model.MetadataLength())):
        if entry.Name() == METADATA_NAME.encode():
            packed: bytes = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
            if packed[4:8] != METADATA_IDENTIFIER:
                raise ValueError(packed[4:8])
            return packed
    return None


def _read_tensors(graph: TableReader, field: int, names: list[str]) -> dict[str, TensorDescription]:
    """Descriptions by the names that the signature has."""
    return {
        name: TensorDescription(
            tensor.text(TensorField.NAME) or name,
            tensor.text(TensorField.DESCRIPTION) or "",
            _file_of_kind(tensor.tables(TensorField.FILES), AXIS_LABELS),
        )
        for name, tensor in zip(names, graph.tables(field), strict=True)
    }


def _vocabulary_file(graph: TableReader) -> str | None:
    for unit in graph.tables(GraphField.INPUT_UNITS):
        options = unit.table(UnitField.OPTIONS)
        if unit.number(UnitField.KIND) == BERT_TOKENIZER and options is not None:
            return _file_of_kind(options.tables(TokenizerField.VOCABULARIES), VOCABULARY)
    return None


def _file_of_kind(files: Sequence[TableReader], kind: int) -> str | None:
    return next((file.text(FileField.NAME) for file in files if file.number(FileField.KIND) == kind), None)


def _read_files(content: bytes, has_files: bool) -> dict[str, bytes]:
    """The packed files; each is compared with its checksum."""
    if not has_files:
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
