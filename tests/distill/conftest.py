"""What the tests of recorded teachers share: rows of a task, and a recording of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.distill.output_records import RecordedArray, RecordLayout
from mbert_cli.distill.teacher_outputs import RecordedRows, RecordingKey, TeacherOutputs, digest_rows
from mbert_cli.text.batch import Batch

LAYOUT = RecordLayout(
    (RecordedArray("teacher_logits", "row", 2), RecordedArray("teacher_hidden_1", "tokens", 3)), "float32"
)


class NumberRows:
    """Rows whose tokens are numbers: row i has `lengths[i]` tokens, the first of which is `first[i]`."""

    labels = cut = left_out = None
    sequence_length = 8

    def __init__(self, lengths: list[int], first: list[int] | None = None) -> None:
        self.tokens = np.array(lengths, np.int32)
        self.first = np.arange(len(lengths)) if first is None else np.array(first)
        self.trained = np.arange(len(lengths))

    def take(self, indices: np.ndarray, length: int) -> Batch:
        column = np.arange(length)
        real = column < np.minimum(self.tokens[indices], self.sequence_length)[:, None]
        token_ids = np.where(real, self.first[indices][:, None] + column, 0).astype(np.int32)
        zeros = np.zeros_like(token_ids)
        return {"token_ids": token_ids, "segment_ids": zeros, "padding_mask": real.astype(np.int32)}


@pytest.fixture
def number_rows() -> type[NumberRows]:
    return NumberRows


def say(rows: NumberRows, index: int, tokens: int) -> dict[str, np.ndarray]:
    """What the teacher of these tests says of one row, as a batch of one."""
    hidden = 100 * index + np.arange(3 * tokens, dtype=np.float32).reshape(1, tokens, 3)
    return {"teacher_logits": np.full((1, 2), index, np.float32), "teacher_hidden_1": hidden}


@pytest.fixture
def open_recording(tmp_path: Path) -> Callable[..., TeacherOutputs]:
    """Opens a recording without making what is missing."""

    def open_one(rows: NumberRows, teacher: str = "teacher", layout: RecordLayout = LAYOUT) -> TeacherOutputs:
        recorded = RecordedRows(rows, layout)
        key = RecordingKey(teacher, digest_rows(rows, recorded.order), layout)
        return TeacherOutputs(tmp_path / "recordings", key, recorded)

    return open_one


@pytest.fixture
def record_all(open_recording) -> Callable[..., TeacherOutputs]:
    """Opens a recording and makes what is missing."""

    def record(rows: NumberRows, teacher: str = "teacher") -> TeacherOutputs:
        outputs = open_recording(rows, teacher)
        lengths = np.minimum(rows.tokens, rows.sequence_length)
        for part in list(outputs.missing):
            indices = outputs.recorded.of_part(part)[0].tolist()
            outputs.write(
                part, (LAYOUT.pack(say(rows, row, lengths[row]), 0, lengths[row]) for row in indices)
            )
        return outputs

    return record
