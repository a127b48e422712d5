"""Embeddings of another width than the teacher's: a student's tables from the widest directions of the teacher's.

The vectors of the teacher, less their mean, are turned so that their first direction holds the most of their variance,
the second the most of the rest, and so on: a singular value decomposition. The student starts with as many of these
directions as its table is wide. Then words that are near each other in the teacher's table are so in the student's.

Where words, positions and segments are added up, it is their sum whose variance counts. The directions in which words
differ most are not those of positions: the widest 192 of MiniLM's 384 word directions hold 79 % of the words' variance
and 3 % of the positions', the widest of the sum 77 % and 98 %.

A MobileBERT projects its words and adds positions to what comes of them. Where the teacher has no projection, the
student's turns words into the widest directions of the teacher's sums. Their deviation is 1, as behind a layer norm:
NoNorm brings nothing to size, and from numbers drawn at 0.02 the blocks, whose attention multiplies two of them, learn
next to nothing at first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mbert_cli.figures import counted

EMBEDDINGS_PATH = "encoder/embeddings/"
WORDS, POSITIONS, SEGMENTS = (
    f"{EMBEDDINGS_PATH}{table}_embeddings" for table in ("word", "position", "segment")
)
KERNEL, BIAS = f"{EMBEDDINGS_PATH}projection/kernel", f"{EMBEDDINGS_PATH}projection/bias"

NamedArrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Started:
    """What a weight of a student starts with.

    Attributes:
        array: Its values.
        how: How they were made of the teacher's, for people.
    """

    array: np.ndarray
    how: str


def widest_directions(tables: Sequence[np.ndarray], count: int) -> np.ndarray:
    """The directions in which sums of a row of each table differ most: the first right singular vectors of all sums.

    They are eigenvectors of the sum of the tables' covariances, which is small however many rows there are. Each
    points to where its largest component is positive, so that they are the same at every call.

    Args:
        tables: (rows, width) each, float.
        count: How many directions; no more than the width are there.

    Returns:
        (width, directions) float32, orthonormal columns, the widest direction first.
    """
    _, vectors = np.linalg.eigh(sum(_covariance(table) for table in tables))
    vectors = vectors[:, ::-1][:, :count]
    largest = np.take_along_axis(vectors, np.argmax(np.abs(vectors), axis=0)[None], axis=0)
    return np.asarray(vectors * np.sign(largest), "float32")


def variance_share(table: np.ndarray, directions: np.ndarray) -> float:
    """What some directions hold of the variance of a table's rows, 0 to 1."""
    covariance = _covariance(table)
    total = np.trace(covariance)
    return float(np.sum(directions * (covariance @ directions)) / total) if total else 1.0


def start_from_directions(source: NamedArrays, target: NamedArrays) -> dict[str, Started]:
    """What the embeddings of a student start with whose word table is of another width than its teacher's.

    The word table gets the deviation of the one that was drawn in its place; columns beyond the teacher's width stay as
    drawn. Positions and segments are added to words: where that happens at the width of the word table, in teacher and
    student, they are turned and scaled in the same way. Where a projection lies behind the word table of the teacher,
    positions and segments are in another space, in which they start as drawn, or equal where the widths are; and a
    projection to the same width as the teacher's becomes one that gives what the teacher's gives of these directions.
    Where the student alone has one, see `_first_projection`.

    Args:
        source: Weights of the teacher by canonical name.
        target: Those of the student, as drawn.

    Returns:
        Weights of the student by name; none where the widths are equal, or the vocabularies are not.
    """
    words, drawn = source[WORDS], target[WORDS]
    is_first = KERNEL in target and KERNEL not in source
    if len(words) != len(drawn) or (words.shape[1] == drawn.shape[1] and not is_first):
        return {}
    projects = KERNEL in source or KERNEL in target
    others = [] if projects else [name for name in (POSITIONS, SEGMENTS) if name in source and name in target]
    directions = widest_directions([words, *(source[name] for name in others)], drawn.shape[1])
    turned = _centred(words) @ directions
    scale = _deviation(drawn) / (_deviation(turned) or 1.0)
    how = f"{directions.shape[1]} of {words.shape[1]} directions, scaled by {scale:.3g}"
    started = {WORDS: Started(_with_first(drawn, turned * scale), _held(how, words, directions))}
    for name in others:
        rows = source[name][: len(target[name])]
        how = f"the first {counted(len(rows), 'row')} in the same directions at the same scale"
        table = _with_first(target[name], _centred(rows) @ directions * scale)
        started[name] = Started(table, _held(how, rows, directions))
    if is_first:
        return started | _first_projection(source, target, directions * scale)
    return started | (_projection(source, target, directions, scale) if projects else {})


def _covariance(table: np.ndarray) -> np.ndarray:
    """(rows, width) -> (width, width) float64."""
    centred = _centred(table)
    return np.asarray(centred.T @ centred, "float64") / len(table)


def _centred(table: np.ndarray) -> np.ndarray:
    """The rows less their mean: a vector that is added everywhere tells nothing apart."""
    return np.asarray(table - np.mean(table, axis=0, dtype="float64").astype("float32"))


def _held(how: str, table: np.ndarray, directions: np.ndarray) -> str:
    return f"{how}; they hold {variance_share(table, directions):.0%} of its variance"


def _deviation(table: np.ndarray) -> float:
    """Root of the mean square, which for a table without a mean is its standard deviation."""
    return float(np.sqrt(np.mean(np.square(table), dtype="float64")))


def _with_first(drawn: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A table with other values in its first rows and columns."""
    table = drawn.copy()
    table[: len(values), : values.shape[1]] = values
    return table


def _first_projection(source: NamedArrays, target: NamedArrays, turn: np.ndarray) -> dict[str, Started]:
    """A projection, positions and segments whose sums are those of the teacher in their widest directions.

    Args:
        source: Weights of a teacher that adds words, positions and segments up as they are.
        target: Those of a student that projects its words first, as drawn.
        turn: (teacher's width, student's width of words). What makes the student's words of the teacher's.
    """
    kernel, hidden = target[KERNEL], target[KERNEL].shape[1]
    others = [name for name in (POSITIONS, SEGMENTS) if name in source and name in target]
    tables = {name: source[name] for name in (WORDS, *others)}
    directions = widest_directions(list(tables.values()), hidden)
    turned = {name: _centred(table) @ directions for name, table in tables.items()}
    deviation = np.sqrt(sum(np.square(_deviation(table)) for table in turned.values())) or 1.0
    words = np.linalg.pinv(turn) @ directions / deviation
    width = target[WORDS].shape[1]
    reads = len(kernel) // width  # words whose vectors lie side by side, the word itself in the middle
    blocks = np.zeros((reads, width, words.shape[1]), "float32")
    # Columns beyond the teacher's width are as drawn, and tell nothing.
    blocks[reads // 2, : len(words)] = words
    how = f"in the widest {directions.shape[1]:,} directions of the sums, whose deviation is 1"
    values = _with_first(np.zeros_like(kernel), blocks.reshape(len(kernel), -1))
    started = {KERNEL: Started(values, f"turns words so that they lie {how}")}
    for name in others:
        rows = source[name][: len(target[name])]
        table = _with_first(target[name], turned[name][: len(rows)] / deviation)
        started[name] = Started(
            table, _held(f"the first {counted(len(rows), 'row')} {how}", rows, directions)
        )
    return started


def _projection(
    source: NamedArrays, target: NamedArrays, directions: np.ndarray, scale: float
) -> dict[str, Started]:
    """A projection that makes of the student's vectors what the teacher's makes of its own; none of another width."""
    if KERNEL not in source or KERNEL not in target:
        return {}
    kernel, drawn = source[KERNEL], target[KERNEL]
    width, count = directions.shape
    reads = len(kernel) // width  # words whose vectors lie side by side
    if drawn.shape != (reads * count, kernel.shape[1]):
        return {}
    blocks = kernel.reshape(reads, width, -1)
    turned = np.einsum("wd,rwh->rdh", directions, blocks).reshape(drawn.shape) / scale
    bias = source[BIAS] + source[WORDS].mean(axis=0) @ blocks.sum(axis=0)
    return {
        KERNEL: Started(turned, "the teacher's, of these directions"),
        BIAS: Started(bias, "the teacher's, and what its kernel makes of the mean word"),
    }
