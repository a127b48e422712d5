"""The log of a run: one JSON object per line, cut back to the step that a run resumes from."""

import json
import math
from collections.abc import Mapping
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mbert_cli.errors import UserError
from mbert_cli.json_text import parse_json
from mbert_cli.runs.manifest import replace_file

_TAIL_BYTES = 65_536


class Journal:
    """Appends records such as {"step": 20, "stage": "joint", "loss/total": 1.5} to log.jsonl.

    Every record is on its way to the disk when `append` returns. A line that a killed process left
    half-written is dropped by readers and by the next writer.

    Args:
        path: The file; made by the first record, in a folder that exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._file: BufferedRandom | None = None

    def append(self, record: Mapping[str, object]) -> None:
        """Writes one record. A number that is not finite, which JSON lacks, becomes its name: "nan"."""
        line = json.dumps({key: _plain(value) for key, value in record.items()}, ensure_ascii=False)
        if self._file is None:
            self._file = self._open_after_last_whole_line()
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def read(self) -> list[dict[str, Any]]:
        """Returns all records.

        Raises:
            UserError: A line other than a torn last one is not a JSON object.
        """
        return [self._parse(number, line) for number, line in enumerate(self._whole_lines(), start=1)]

    def last(self) -> dict[str, Any] | None:
        """Returns the last record without reading the rest, or None where there is none."""
        if not self.path.exists():
            return None
        with open(self.path, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            lines = file.read().split(b"\n")[:-1]
        try:
            record = parse_json(lines[-1]) if lines else None
        except ValueError:
            return None
        return record if isinstance(record, dict) else None

    def truncate_after(self, step: int) -> None:
        """Drops, atomically, the records of later steps; records without a step stay."""
        lines = self._whole_lines()
        kept = [
            line for number, line in enumerate(lines, start=1)
            if self._parse(number, line).get("step", step) <= step
        ]  # fmt: skip
        self.close()
        if self.path.exists():
            replace_file(self.path, b"".join(line + b"\n" for line in kept))

    def close(self) -> None:
        """Closes the file; the next record opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _whole_lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        # What follows the last newline is empty, or was torn by a kill.
        return self.path.read_bytes().split(b"\n")[:-1]

    def _parse(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            record = parse_json(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            shown = line[:60].decode("utf-8", "replace")
            raise UserError(
                f"Every line of a journal must be a JSON object. Received: {shown} ({self.path}, line {number})",
                f"Remove line {number} of {self.path}.",
            )
        return record

    def _open_after_last_whole_line(self) -> BufferedRandom:
        length = sum(len(line) + 1 for line in self._whole_lines())
        file = open(self.path, "r+b" if self.path.exists() else "w+b")  # noqa: SIM115 - `close` closes it
        file.truncate(length)
        file.seek(length)
        return file


def _plain(value: object) -> object:
    """A value that JSON can hold, from a Python or a NumPy one."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
