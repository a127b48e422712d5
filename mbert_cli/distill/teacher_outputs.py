"""What a teacher says of the rows of a task, recorded once and read batch by batch.

A recording is a folder: a description and numbered parts, each a directory that is complete or absent. It holds a
record for each row, the longest rows first. Where a record lies follows from the lengths of the rows, so that no index
is kept. Records are read from their place in a file and not through a mapping of it: the pages of a mapping count as
memory of the process, and a recording may be larger than the memory of the machine.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mbert_cli.distill.output_records import RecordLayout
from mbert_cli.errors import UserError
from mbert_cli.examples.batches import Rows
from mbert_cli.json_text import read_object
from mbert_cli.runs.manifest import replace_object, verify_directory, write_directory
from mbert_cli.threads import map_in_threads

OUTPUTS_FILE = "teacher-outputs.json"
"""The description of a recording; whatever folder has one is a recording of ours."""

RECORDS = "records"
"""The file of a part that holds its records."""

RECORDING_FORMAT = 2
"""Raised whenever the same description stands for other bytes."""

FULL_PART_BYTES = 2**28
"""A part is full at this size."""

FULL_PART_ROWS = 2048
"""A part is full with so many rows: what is done is kept where a recording is killed."""

MAX_PARTS_BY_ROWS = 1000
"""Where there would be more parts of `FULL_PART_ROWS`, they have more rows."""

_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class RecordingKey:
    """What a recording is of; another of anything is another recording.

    Attributes:
        teacher: Digest of the teacher: its weights, and whatever else decides what it says.
        rows: Digest of the rows, as `digest_rows` gives it.
        layout: What is recorded of each row.
    """

    teacher: str
    rows: str
    layout: RecordLayout

    @property
    def description(self) -> dict[str, object]:
        """What stands in `OUTPUTS_FILE`."""
        layout = json.loads(json.dumps(asdict(self.layout)))
        return {"format": RECORDING_FORMAT, "teacher": self.teacher, "rows": self.rows, **layout}

    @property
    def folder_name(self) -> str:
        """The name of its folder: a hash of the description."""
        text = json.dumps(self.description, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class RecordedRows:
    """The rows that are recorded, and where the record of each lies.

    Args:
        rows: The rows of a training set; those that are trained on are recorded.
        layout: What is recorded of each.

    Attributes:
        order: (records,) int64. The rows in the order of their records, the longest first.
        tokens: (records,) int64. Real tokens of each, in that order.
        parts: Where each part starts in that order, and the end of the last.
    """

    def __init__(self, rows: Rows, layout: RecordLayout) -> None:
        lengths = np.minimum(rows.tokens, rows.sequence_length).astype(np.int64)
        trained = np.asarray(rows.trained, np.int64)
        self.order = trained[np.argsort(-lengths[trained], kind="stable")]
        self.tokens = lengths[self.order]
        self._ends = np.cumsum(layout.sizes(self.tokens))
        self.parts = self._cut()
        self._places = np.full(len(lengths), -1, np.int64)
        self._places[self.order] = np.arange(len(self.order))

    @property
    def size_bytes(self) -> int:
        """Bytes of all records, exactly."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def part_bytes(self, part: int) -> int:
        """Bytes of the records of a part."""
        start, end = self.parts[part], self.parts[part + 1]
        return int(self._start(np.array([end]))[0] - self._start(np.array([start]))[0])

    def of_part(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of a part in the order of their records, and the tokens of each."""
        start, end = self.parts[part], self.parts[part + 1]
        return self.order[start:end], self.tokens[start:end]

    def find(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Where the records of some rows lie: part, first byte in it, bytes, and the row's tokens; (batch,) each."""
        places = self._places[indices]
        if (places < 0).any():
            raise ValueError(f"Rows that are trained on are recorded. Received: {indices[places < 0]}")
        boundaries = np.asarray(self.parts)
        parts = np.searchsorted(boundaries, places, side="right") - 1
        starts = self._start(places)
        return (
            parts,
            starts - self._start(boundaries[parts]),
            self._ends[places] - starts,
            self.tokens[places],
        )

    def _start(self, places: np.ndarray) -> np.ndarray:
        """The first byte of records, and the end of all for the place behind the last."""
        return np.where(places > 0, self._ends[places - 1], 0)

    def _cut(self) -> list[int]:
        count, boundaries = len(self.order), [0]
        most_rows = max(FULL_PART_ROWS, -(-count // MAX_PARTS_BY_ROWS))
        while boundaries[-1] < count:
            start = boundaries[-1]
            first_byte = int(self._start(np.array([start]))[0])
            full = int(np.searchsorted(self._ends, first_byte + FULL_PART_BYTES, side="right"))
            boundaries.append(max(start + 1, min(full, start + most_rows, count)))
        return boundaries


class TeacherOutputs:
    """One recording: what is there is used, what is missing or damaged is made anew, part by part.

    While it is open no other process removes it; see `mbert_cli.distill.recordings`.

    Args:
        folder: Where recordings lie.
        key: What it is of.
        recorded: The rows, of the same layout.

    Attributes:
        path: Its own folder.
        layout: What is recorded of each row.

    Raises:
        UserError: The folder cannot be written.
    """

    def __init__(self, folder: Path, key: RecordingKey, recorded: RecordedRows) -> None:
        self.path = folder / key.folder_name
        self.recorded = recorded
        self.layout = key.layout
        self._descriptor = self._open(key)

    def close(self) -> None:
        """Allows others to remove the recording."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @cached_property
    def missing(self) -> list[int]:
        """Parts that are absent or damaged; every byte of the others was compared with its hash."""
        parts = range(len(self.recorded.parts) - 1)
        are_whole = map_in_threads(self._is_whole, parts)
        return [part for part, is_whole in zip(parts, are_whole, strict=True) if not is_whole]

    def misses(self, part: int) -> bool:
        """Whether a part is missing still; another process may have made it meanwhile."""
        if part in self.missing and self._is_whole(part):
            self.missing.remove(part)
        return part in self.missing

    def write(self, part: int, records: Iterable[bytes]) -> None:
        """Writes a part: whole or not at all.

        Args:
            part: Its number.
            records: Those of its rows in their order.

        Raises:
            RunError: The disk is full.
        """

        def fill(directory: Path) -> None:
            with open(directory / RECORDS, "wb") as file:
                file.writelines(records)

        missing = self.missing  # as it is before
        write_directory(self._part_path(part), fill, replace=True)
        missing.remove(part)

    def read(self, indices: np.ndarray, length: int) -> dict[str, np.ndarray]:
        """What the teacher says of some rows, by the names of the arrays, float32.

        Args:
            indices: (batch,) Rows, all of them recorded.
            length: Columns of the batch.
        """
        parts, starts, sizes, tokens = self.recorded.find(indices)
        records = [b""] * len(indices)
        for part in np.unique(parts).tolist():
            descriptor = os.open(self._part_path(part) / RECORDS, os.O_RDONLY | os.O_CLOEXEC)
            try:
                for row in np.flatnonzero(parts == part).tolist():
                    records[row] = os.pread(descriptor, int(sizes[row]), int(starts[row]))
            finally:
                os.close(descriptor)
        return self.layout.unpack(records, tokens, length)

    def _part_path(self, part: int) -> Path:
        return self.path / f"part-{part:05d}"

    def _is_whole(self, part: int) -> bool:
        path = self._part_path(part)
        try:
            files = verify_directory(path)
            return bool(files[RECORDS]["bytes"] == self.recorded.part_bytes(part))
        except (UserError, KeyError):
            return False

    def _open(self, key: RecordingKey) -> int:
        """Describes the recording, marks it as used now, and holds it."""
        file = self.path / OUTPUTS_FILE
        try:
            for _ in range(3):  # another process may remove it before it is held
                self.path.mkdir(parents=True, exist_ok=True)
                if read_object(file) != key.description:
                    replace_object(file, key.description)
                os.utime(file)
                descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
                with suppress(OSError):  # a disk of a network that knows no locks
                    fcntl.flock(descriptor, fcntl.LOCK_SH)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(file)):
                        return descriptor
                os.close(descriptor)
        except OSError as error:
            raise refused_folder(self.path.parent, str(error.strerror)) from error
        raise UserError(
            f"A recording must stay while it is read. Received: {self.path}, which another process removes",
            "Run the same command again.",
        )


def refused_folder(folder: Path, reason: str) -> UserError:
    """The error for a folder in which nothing can be written."""
    return UserError(
        f"The folder for what teachers say must be one that can be written. Received: {folder} ({reason})",
        "Name another one with --set cache.folder=DIR.",
    )


def digest_rows(rows: Rows, order: np.ndarray) -> str:
    """A hash of the tokens of rows, and of whether padding stands behind them.

    MobileBERT's embedding of the last token reads the padding there; how much of it there is makes no difference.

    Args:
        rows: The rows.
        order: Those that count, in their order.
    """
    digest = hashlib.blake2b(digest_size=16)
    for indices in _chunks(order):
        length = min(rows.sequence_length, int(rows.tokens[indices].max()))
        batch = rows.take(indices, length)
        is_real = batch["padding_mask"] > 0
        counts = is_real.sum(axis=1, dtype=np.int64)
        digest.update(counts.tobytes())
        digest.update((counts == rows.sequence_length).tobytes())
        for name in ("token_ids", "segment_ids"):
            digest.update(batch[name][is_real].astype("<i4").tobytes())
    return digest.hexdigest()


def _chunks(order: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(order), _CHUNK_ROWS):
        yield order[start : start + _CHUNK_ROWS]
