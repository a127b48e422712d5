"""Batches of a task: encoded once, shuffled anew every epoch, a pure function of (examples, seed, step)."""

from collections.abc import Iterator

import numpy as np

from mbert_cli.data.batch import Batch
from mbert_cli.data.examples import Examples
from mbert_cli.data.options import Task
from mbert_cli.data.pair import assemble, balanced_lengths
from mbert_cli.data.wordpiece import Tokenizer

LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Lengths of batches that are as long as they need to be: few, since a backend may compile a step for each."""

POOL = 32
"""Batches whose examples are sorted by length together. More would waste less padding and draw less freely."""


class TaskBatches:
    """Task batches as `mbert_cli.data.batch` describes them.

    Args:
        examples: Labelled texts, at least one.
        tokenizer: Turns them into ids, once.
        options: The task's recipe section; only its `sequence_length` matters here. A longer text loses its
            end; of a pair the longer one is cut first.
        batch_size: Rows of a batch. The last one of an epoch is filled up with an example of weight 0.
        seed: Decides the order of the examples in every epoch.
        dynamic_length: Makes a batch only as long as its longest example and a column of padding, in the steps
            of `LENGTHS`, and puts examples of like length together; else all are `sequence_length` long.
    """

    def __init__(
        self,
        examples: Examples,
        tokenizer: Tokenizer,
        options: Task,
        batch_size: int,
        seed: int,
        *,
        dynamic_length: bool = False,
    ) -> None:
        self.examples = examples
        self.batch_size = batch_size
        self.sequence_length = options.sequence_length
        self._seed = seed
        self._vocabulary = tokenizer.vocabulary
        self._pair = examples.second_texts is not None
        self._marks = 3 if self._pair else 2
        self._dynamic_length = dynamic_length
        texts = examples.texts + (examples.second_texts or [])
        self._ids, self._starts = tokenizer.encode(texts)
        self._tokens = self._count_tokens()
        self._epoch, self._order = -1, np.arange(0)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in which every example occurs once."""
        return -(-len(self.examples) // self.batch_size)

    @property
    def num_cut(self) -> int:
        """Examples that lose tokens because they are longer than a row."""
        return int(np.sum(self._tokens > self.sequence_length))

    def __call__(self, step: int) -> Batch:
        """The batch of a training step, counted from 0 over all epochs."""
        epoch, index = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            generator = np.random.Generator(np.random.Philox(key=[self._seed, epoch]))
            self._epoch, self._order = epoch, self._draw(generator)
        return self._batch(self._order[index * self.batch_size : (index + 1) * self.batch_size])

    def in_order(self) -> Iterator[Batch]:
        """Every example once, in the order given: for validation."""
        for start in range(0, len(self.examples), self.batch_size):
            yield self._batch(np.arange(start, min(start + self.batch_size, len(self.examples))))

    def _count_tokens(self) -> np.ndarray:
        """(examples,) Tokens of the whole examples, marks included."""
        count, lengths = len(self.examples), np.diff(self._starts)
        return self._marks + (lengths[:count] + lengths[count:] if self._pair else lengths)

    def _draw(self, generator: np.random.Generator) -> np.ndarray:
        """(examples,) The order of an epoch; only its last batch may be a partial one."""
        order = generator.permutation(len(self.examples))
        if not self._dynamic_length:
            return order
        pool = POOL * self.batch_size
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            order[start : start + pool] = part[np.argsort(self._tokens[part], kind="stable")]
        whole = len(order) // self.batch_size
        batches = order[: whole * self.batch_size].reshape(whole, self.batch_size)
        return np.concatenate([generator.permutation(batches).reshape(-1), order[whole * self.batch_size :]])

    def _length(self, rows: np.ndarray) -> int:
        """Columns of the batch that these examples make."""
        if not self._dynamic_length:
            return self.sequence_length
        # MobileBERT's embedding of a token reads the next one, so the last token needs its padding behind it.
        needed = int(self._tokens[rows].max()) + 1
        fitting = (length for length in LENGTHS if needed <= length < self.sequence_length)
        return next(fitting, self.sequence_length)

    def _batch(self, rows: np.ndarray) -> Batch:
        filler = np.full(self.batch_size - len(rows), rows[0])
        weights = np.repeat(np.array([1, 0], np.float32), [len(rows), len(filler)])
        rows = np.concatenate([rows, filler])
        first, first_lengths = self._pieces(rows)
        second, second_lengths = self._pieces(rows + len(self.examples)) if self._pair else (first, first * 0)
        length = self._length(rows)
        room = length - self._marks
        first_lengths, second_lengths = balanced_lengths(first_lengths, second_lengths, room)
        batch = assemble(
            self._ids, first, first_lengths, second, second_lengths,
            length, self._vocabulary, pair=self._pair,
        )  # fmt: skip
        return batch | {"labels": self.examples.labels[rows], "example_weights": weights}

    def _pieces(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Start and length of texts in the encoded ids."""
        return self._starts[rows], self._starts[rows + 1] - self._starts[rows]
