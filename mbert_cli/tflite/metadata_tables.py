"""Flatbuffer tables by the numbers of their fields: how the metadata of a .tflite file is written and read.

The schema of the metadata, `metadata_schema.fbs` of MediaPipe in version 1.5, is small, and of it an artifact needs the
few fields that are named here. ai-edge-litert ships classes for the model's own schema only.
"""

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import flatbuffers
from flatbuffers import number_types
from flatbuffers.table import Table

METADATA_IDENTIFIER = b"M001"


class ModelField(IntEnum):
    """Fields of `ModelMetadata`, the root."""

    NAME, DESCRIPTION, VERSION, SUBGRAPHS, AUTHOR, LICENSE, FILES, MIN_PARSER_VERSION = range(8)


class GraphField(IntEnum):
    """Fields of `SubGraphMetadata`."""

    NAME, DESCRIPTION, INPUTS, OUTPUTS, FILES, INPUT_UNITS = range(6)


class TensorField(IntEnum):
    """Fields of `TensorMetadata`."""

    NAME, DESCRIPTION, DIMENSIONS, CONTENT, UNITS, STATS, FILES = range(7)


class ContentField(IntEnum):
    """Fields of `Content`."""

    KIND, PROPERTIES = range(2)


class UnitField(IntEnum):
    """Fields of `ProcessUnit`."""

    KIND, OPTIONS = range(2)


class TokenizerField(IntEnum):
    """Fields of `BertTokenizerOptions`."""

    VOCABULARIES = 0


class FileField(IntEnum):
    """Fields of `AssociatedFile`."""

    NAME, DESCRIPTION, KIND = range(3)


FEATURE_PROPERTIES = 1
"""The kind of `Content` that is neither a picture nor a sound."""
BERT_TOKENIZER = 4
"""The kind of `ProcessUnit` that cuts words into pieces."""
UNKNOWN_FILE, AXIS_LABELS, VOCABULARY = 0, 2, 5
"""Kinds of `AssociatedFile`."""

Fields = Mapping[int, Any]
"""A table by the numbers of its fields: text, a small number, a table, or a sequence of tables."""


def pack_table(fields: Fields) -> bytes:
    """A flatbuffer whose root is a table."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(_place(builder, fields), METADATA_IDENTIFIER)
    return bytes(builder.Output())


def _place(builder: flatbuffers.Builder, value: Any) -> int:
    """Writes a text, a table or a sequence of tables, and returns where it lies."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, Mapping):
        return _place_table(builder, value)
    places = [_place(builder, one) for one in value]
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return int(builder.EndVector())


def _place_table(builder: flatbuffers.Builder, fields: Fields) -> int:
    # What a table refers to has to be written before it.
    places = {field: _place(builder, value) for field, value in fields.items() if not isinstance(value, int)}
    builder.StartObject(max(fields, default=-1) + 1)
    for field, value in fields.items():
        if field in places:
            builder.PrependUOffsetTRelativeSlot(field, places[field], 0)
        else:
            builder.PrependUint8Slot(field, value, 0)
    return int(builder.EndObject())


class TableReader:
    """A table in a flatbuffer; a field that is not there is None, 0 or ().

    Args:
        table: The generated classes' view of it.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    @classmethod
    def of_root(cls, content: bytes) -> "TableReader":
        """The root of a flatbuffer."""
        (start,) = struct.unpack_from("<I", content)
        return cls(Table(content, start))

    def text(self, field: int) -> str | None:
        """A field that holds a text."""
        place = self._place(field)
        return None if place is None else str(self._table.String(place), "utf-8")

    def number(self, field: int) -> int:
        """A field of one byte."""
        place = self._place(field)
        return 0 if place is None else int(self._table.Get(number_types.Uint8Flags, place))

    def table(self, field: int) -> "TableReader | None":
        """A field that holds a table."""
        place = self._place(field)
        return None if place is None else TableReader(Table(self._table.Bytes, self._table.Indirect(place)))

    def tables(self, field: int) -> "Sequence[TableReader]":
        """A field that holds a vector of tables."""
        offset = self._table.Offset(_slot(field))
        if not offset:
            return ()
        start, count = self._table.Vector(offset), self._table.VectorLen(offset)
        return [
            TableReader(Table(self._table.Bytes, self._table.Indirect(start + 4 * index)))
            for index in range(count)
        ]

    def _place(self, field: int) -> int | None:
        offset = self._table.Offset(_slot(field))
        return self._table.Pos + offset if offset else None


def _slot(field: int) -> int:
    """Where a table's directory has the field, after its own size and the table's."""
    return 4 + 2 * field
