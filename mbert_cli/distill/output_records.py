"""What a teacher says of one row of tokens, as bytes: the record of a row, and batches of records.

Records hold real tokens alone, so that a row takes what it is long and no more. Array names and forms are the caller's;
nothing here knows what they mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mbert_cli.errors import UserError

OutputForm = Literal["row", "tokens", "pairs"]
"""What there is a vector for: a row, each of its tokens, or each pair of them."""

StoredType = Literal["float16", "float32"]
"""How numbers are kept."""


class TooLarge(Exception):
    """A number is beyond the range of the type that it should be kept in.

    Args:
        name: The array that holds it.
        value: The number.
    """

    def __init__(self, name: str, value: float) -> None:
        super().__init__(f"{name} holds {value:g}")
        self.name, self.value = name, value


@dataclass(frozen=True)
class RecordedArray:
    """One array of a record.

    Attributes:
        name: Its name in a batch, such as `teacher_logits`.
        form: `row` has (width,) numbers for a row, `tokens` (tokens, width) and `pairs` (width, tokens, tokens).
        width: Numbers of a vector: outputs, the dimension of hidden states, or heads.
        padding: What a batch has in `pairs` where the key is padding; everything else that pads a batch is 0.
    """

    name: str
    form: OutputForm
    width: int
    padding: float = 0.0

    def shape(self, tokens: int) -> tuple[int, ...]:
        """Its shape in the record of a row."""
        shapes = {"row": (self.width,), "tokens": (tokens, self.width), "pairs": (self.width, tokens, tokens)}
        return shapes[self.form]

    def count(self, tokens: np.ndarray) -> np.ndarray:
        """(rows,) int64. Its numbers in the records of rows of so many tokens."""
        powers = {"row": 0, "tokens": 1, "pairs": 2}
        counts: np.ndarray = self.width * np.asarray(tokens, np.int64) ** powers[self.form]
        return counts

    def empty(self, tokens: np.ndarray, length: int) -> np.ndarray:
        """The array of a batch, float32, that holds nothing but padding."""
        array = np.zeros((len(tokens), *self.shape(length)), np.float32)
        if self.form == "pairs" and self.padding:
            for row, count in enumerate(tokens.tolist()):
                array[row, :, :, count:] = self.padding
        return array

    def real(self, array: np.ndarray, row: int, tokens: int) -> np.ndarray:
        """The part of a batch's array that is about real tokens of one row."""
        of_row: np.ndarray = array[row]
        if self.form == "row":
            return of_row
        return of_row[:tokens] if self.form == "tokens" else of_row[:, :tokens, :tokens]


@dataclass(frozen=True)
class RecordLayout:
    """What a record holds, one array after the other.

    Attributes:
        arrays: At least one; their names differ.
        dtype: How numbers are kept.
    """

    arrays: tuple[RecordedArray, ...]
    dtype: StoredType

    def sizes(self, tokens: np.ndarray) -> np.ndarray:
        """(rows,) int64. Bytes of the records of rows of so many tokens."""
        numbers = np.stack([array.count(tokens) for array in self.arrays])  # (arrays, rows)
        sizes: np.ndarray = numbers.sum(axis=0) * np.dtype(self.dtype).itemsize
        return sizes

    def pack(self, outputs: Mapping[str, np.ndarray], row: int, tokens: int) -> bytes:
        """The record of a row of a batch.

        Args:
            outputs: Arrays of the batch by name.
            row: The row's place in the batch.
            tokens: Its real tokens.

        Raises:
            UserError: A number is not finite.
            TooLarge: A number does not fit the type.
        """
        parts = []
        for array in self.arrays:
            values = np.asarray(array.real(outputs[array.name], row, tokens), np.float32)
            with np.errstate(over="ignore"):
                kept = values.astype(np.dtype(self.dtype).newbyteorder("<"))
            if not np.isfinite(kept).all():
                _require_finite(array.name, values)
                raise TooLarge(array.name, float(values.flat[np.abs(values).argmax()]))
            parts.append(kept.tobytes())
        return b"".join(parts)

    def unpack(self, records: Sequence[bytes], tokens: np.ndarray, length: int) -> dict[str, np.ndarray]:
        """The arrays of a batch, float32, by name.

        Args:
            records: That of each row.
            tokens: (batch,) Real tokens of each row.
            length: Columns of the batch, at least as many.
        """
        dtype = np.dtype(self.dtype).newbyteorder("<")
        batch = {array.name: array.empty(tokens, length) for array in self.arrays}
        for row, (record, count) in enumerate(zip(records, tokens.tolist(), strict=True)):
            numbers, start = np.frombuffer(record, dtype), 0
            for array in self.arrays:
                shape = array.shape(count)
                end = start + int(np.prod(shape))
                array.real(batch[array.name], row, count)[...] = numbers[start:end].reshape(shape)
                start = end
        return batch


def _require_finite(name: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        found = "NaN" if np.isnan(values).any() else "infinity"
        raise UserError(
            f"What a teacher says must be finite numbers. Received: {found} in {name}",
            "The teacher's weights are not finite or too large: train or import it again.",
        )
