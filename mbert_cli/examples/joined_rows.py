"""Rows with labels and rows without any, as one training set for a student whose teacher labels the latter."""

import numpy as np

from mbert_cli.examples.batches import Rows
from mbert_cli.text.batch import Batch

_LABELS = "labels"


class JoinedRows:
    """The rows of two sets as `mbert_cli.examples.batches.Rows` describes them, the labelled ones first.

    Batches also have `hard_weights`, which are 0 where the labels mean nothing.

    Args:
        labelled: Rows with labels.
        unlabelled: Rows without, of the same length and kind.
    """

    def __init__(self, labelled: Rows, unlabelled: Rows) -> None:
        self._labelled, self._unlabelled = labelled, unlabelled
        self._count = len(labelled.tokens)
        self.sequence_length = labelled.sequence_length
        self.labels = labelled.labels
        self.tokens = np.concatenate([labelled.tokens, unlabelled.tokens])
        self.trained = np.concatenate([labelled.trained, self._count + unlabelled.trained])

    @property
    def cut(self) -> str | None:
        """Says how much of the examples does not fit in a row, of labelled and of unlabelled ones."""
        said = [
            self._labelled.cut,
            self._unlabelled.cut and f"of those without labels {self._unlabelled.cut}",
        ]
        return "; ".join(part for part in said if part) or None

    @property
    def left_out(self) -> str | None:
        """Says what of the labelled rows is not trained on; without a label nothing is left out."""
        return self._labelled.left_out

    def take(self, indices: np.ndarray, length: int) -> Batch:
        """The inputs and targets of some rows, in `length` columns, and which of these are targets."""
        is_labelled = indices < self._count
        known = self._labelled.take(indices[is_labelled], length)
        others = self._unlabelled.take(indices[~is_labelled] - self._count, length)
        batch: Batch = {"hard_weights": is_labelled.astype(np.float32)}
        for name, array in known.items():
            batch[name] = np.zeros((len(indices), *array.shape[1:]), array.dtype)
            batch[name][is_labelled] = array
            if name != _LABELS:  # what stands in their place has no meaning, and may have another shape
                batch[name][~is_labelled] = others[name]
        return batch
