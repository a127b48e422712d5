"""Batches of a task: shuffled anew every epoch, a pure function of (rows, seed, step)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.figures import counted_of
from mbert_cli.hosts.shares import RowShare
from mbert_cli.text.batch import Batch

BATCH_LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Lengths of batches that are as long as they need to be: few, since a backend may compile a step for each."""

POOL = 32
"""Batches whose rows are sorted by length together. More would waste less padding and draw less freely."""


ALL = slice(None)
"""The rows of a whole batch."""


class Rows(Protocol):
    """A set of examples, encoded for a model; in `text_rows.py`, `answer_windows.py` and `token_rows.py`."""

    @property
    def sequence_length(self) -> int:
        """Columns of the longest row."""

    @property
    def labels(self) -> np.ndarray | None:
        """What the loss compares with, of tasks with labels: (examples,) or (words,) ids, or (examples, labels)."""

    @property
    def tokens(self) -> np.ndarray:
        """(rows,) Tokens of each, marks included, before it is cut to `sequence_length`."""

    @property
    def trained(self) -> np.ndarray:
        """Indices of the rows to learn from, ascending."""

    @property
    def cut(self) -> str | None:
        """Says how much of the examples does not fit in a row, and what becomes of it; None where all fit."""

    @property
    def left_out(self) -> str | None:
        """Says what is not trained on; None where all are."""

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """Inputs and targets of some rows in `length` columns, without `example_weights`.

        `label_weights`, where there are any, are those of rows that count.
        """


def require_trained(rows: Rows) -> Rows:
    """The rows of a training set.

    Raises:
        UserError: There is none to learn from.
    """
    if not len(rows.trained):
        raise UserError(
            f"A training set must have a row to learn from. Received: {rows.left_out or 'none'}",
            "Correct the training file, or set task.version=v2.0, which learns which questions have no answer.",
        )
    return rows


class TaskBatches:
    """Task batches as `mbert_cli.text.batch` describes them.

    Args:
        rows: What they consist of, at least one.
        batch_size: Rows of a batch. The last one of an epoch is filled up with a row of weight 0.
        seed: Decides the order of the rows in every epoch.
        dynamic_length: Makes a batch only as long as its longest row and a column of padding, in the steps of
            `BATCH_LENGTHS`, and puts rows of similar length together; else all are `sequence_length` long.
    """

    def __init__(self, rows: Rows, batch_size: int, seed: int = 0, *, dynamic_length: bool = False) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self._seed = seed
        self._dynamic_length = dynamic_length
        self._epoch, self._order = -1, rows.trained

    @property
    def steps_per_epoch(self) -> int:
        """Batches in which every row that is trained on occurs once."""
        return -(-len(self.rows.trained) // self.batch_size)

    @property
    def steps_in_order(self) -> int:
        """Batches of `in_order`."""
        return -(-len(self.rows.tokens) // self.batch_size)

    def __call__(self, step: int) -> Batch:
        """The batch of a training step, counted from 0 over all epochs."""
        return self._batch(self._drawn(step))

    def shard(self, index: int, count: int) -> Callable[[int], Batch]:
        """A function like this one that returns part `index` of `count` of the rows of the same batch.

        They are as long as all rows of the batch need to be.
        """
        rows = RowShare(index, count).of(self.batch_size)
        return lambda step: self._batch(self._drawn(step), rows=rows)

    def _drawn(self, step: int) -> np.ndarray:
        """The rows of a training step, as many as there are left in its epoch."""
        epoch, index = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._order_of(epoch)
        return self._order[index * self.batch_size : (index + 1) * self.batch_size]

    def lengths(self) -> list[int]:
        """Columns of each batch of the first epoch."""
        size, order = self.batch_size, self._order_of(0)
        return [
            self._length(order[start : start + size], BATCH_LENGTHS) for start in range(0, len(order), size)
        ]

    def in_order(self) -> Iterator[Batch]:
        """Every row once, in the order given, those that are not trained on too: for validation."""
        count = len(self.rows.tokens)
        for start in range(0, count, self.batch_size):
            yield self._batch(np.arange(start, min(start + self.batch_size, count)))

    def outputs(self, predict: Callable[[Iterable[Batch]], np.ndarray], length_step: int = 1) -> np.ndarray:
        """What a model says about every row, in the order of the rows.

        With `dynamic_length` the batches are of rows of similar length, each just as long as its longest row and a
        column of padding; the longest come first, so that memory that does not suffice shows at once.

        Args:
            predict: Batches -> an output for each of their rows that is not a filler, in the order of the batches.
            length_step: Lengths are multiples of it, see `mbert_cli.backend.length_step`.
        """
        order = np.arange(len(self.rows.tokens))
        if self._dynamic_length:
            order = np.argsort(-self.rows.tokens, kind="stable")
        size = min(self.batch_size, len(order))
        starts = range(0, len(order), size)
        lengths = range(0, self.rows.sequence_length, length_step)
        found = predict(self._batch(order[start : start + size], size, lengths) for start in starts)
        outputs = np.empty_like(found)
        outputs[order] = found
        return outputs

    def _order_of(self, epoch: int) -> np.ndarray:
        """The rows of an epoch in their order."""
        return self._draw(np.random.Generator(np.random.Philox(key=[self._seed, epoch])))

    def _draw(self, generator: np.random.Generator) -> np.ndarray:
        """The order of an epoch; only its last batch may be a partial one."""
        order = generator.permutation(self.rows.trained)
        if not self._dynamic_length:
            return order
        pool = POOL * self.batch_size
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            order[start : start + pool] = part[np.argsort(self.rows.tokens[part], kind="stable")]
        whole = len(order) // self.batch_size
        batches = order[: whole * self.batch_size].reshape(whole, self.batch_size)
        return np.concatenate([generator.permutation(batches).reshape(-1), order[whole * self.batch_size :]])

    def _length(self, indices: np.ndarray, lengths: Sequence[int]) -> int:
        """Columns of the batch that these rows make: the least of the lengths that holds them."""
        if not self._dynamic_length:
            return self.rows.sequence_length
        # MobileBERT's embedding of a token reads the next one, so the last token needs its padding behind it.
        needed = int(self.rows.tokens[indices].max()) + 1
        fitting = (length for length in lengths if needed <= length < self.rows.sequence_length)
        return next(fitting, self.rows.sequence_length)

    def _batch(
        self,
        indices: np.ndarray,
        size: int | None = None,
        lengths: Sequence[int] = BATCH_LENGTHS,
        rows: slice = ALL,
    ) -> Batch:
        filler = np.full((size or self.batch_size) - len(indices), indices[0])
        weights = np.repeat(np.array([1, 0], np.float32), [len(indices), len(filler)])[rows]
        chosen = np.concatenate([indices, filler])[rows]
        batch = self.rows.take(chosen, self._length(indices, lengths))
        if "label_weights" in batch:
            batch["label_weights"] = batch["label_weights"] * weights[:, None]
        return batch | {"example_weights": weights}


def say_cut(tokens: np.ndarray, sequence_length: int, noun: str) -> str | None:
    """Says how many rows lose tokens because they are longer than `sequence_length`; None where none do."""
    count = int(np.sum(tokens > sequence_length))
    if not count:
        return None
    longer = f"longer than {sequence_length} tokens and"
    return counted_of(count, len(tokens), noun, f"is {longer} loses its end", f"are {longer} lose their end")


def real_rows(batch: Batch) -> Batch:
    """A batch without its fillers."""
    real = batch["example_weights"] > 0
    return {name: values[real] for name, values in batch.items()}
