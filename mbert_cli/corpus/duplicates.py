"""Documents that are there already: found by a hash of their text, or by MinHash where most of their words agree."""

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import Deduplicate
from mbert_cli.errors import UserError

SIMILARITY = 0.8
"""Share of the word sequences of two texts that are common to both, from which on one is a near duplicate."""

PERMUTATIONS = 128
"""Hash functions of MinHash; the share is estimated within about 1 / sqrt(128) = 0.09."""

_COSTS = (0.02, 0.98)
"""What the index of sketches is built to avoid: to look at a text in vain, or to miss one. Who is looked at is compared
as a whole, so that only the latter changes anything: the index finds 98 of 100 at `SIMILARITY`, evenly weighed 40."""

SHINGLE_WORDS = 5
"""Words of a sequence."""

_SCHEME = "affine32"

DUPLICATES = "documents that repeat an earlier one"


class Fingerprint(Protocol):
    """What a document is compared by."""

    width: int
    """Values of a document."""

    def of(self, documents: Sequence[Document]) -> np.ndarray:
        """Fingerprints of documents, (documents, width) uint64."""

    def finder(self) -> "Finder":
        """What finds those that were seen before."""


class Finder(Protocol):
    """Finds documents that repeat an earlier one; told of them in their order."""

    def are_new(self, fingerprints: np.ndarray) -> np.ndarray:
        """Whether each document, (documents, width) uint64, repeats none before it, (documents,) bool."""


def fingerprint_of(kind: Deduplicate | None) -> Fingerprint | None:
    """The fingerprint that finds duplicates of a kind; None where none are looked for.

    Raises:
        UserError: A package is missing.
    """
    if kind is None:
        return None
    if kind == "exact":
        return TextHash()
    if importlib.util.find_spec("datasketch") is None:
        raise UserError(
            "corpus.deduplicate=near needs the package datasketch. Received: an environment without it",
            "pip install 'mbert[deduplicate]'; corpus.deduplicate=exact needs nothing more.",
        )
    return WordSketch()


class TextHash:
    """Equal for documents of the same paragraphs, and for no others: 128 bits of BLAKE2b."""

    width = 2

    def of(self, documents: Sequence[Document]) -> np.ndarray:
        """Fingerprints of documents, (documents, 2) uint64."""
        hashes = [
            hashlib.blake2b("\n\n".join(document.paragraphs).encode("utf-8", "surrogatepass"), digest_size=16)
            for document in documents
        ]
        data = b"".join(one.digest() for one in hashes)
        return np.frombuffer(data, np.uint64).reshape(-1, self.width)

    def finder(self) -> Finder:
        """What finds those that were seen before."""
        return _SeenHashes()


class _SeenHashes:
    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def are_new(self, fingerprints: np.ndarray) -> np.ndarray:
        new = np.zeros(len(fingerprints), np.bool_)
        for index, row in enumerate(np.ascontiguousarray(fingerprints)):
            key = row.tobytes()
            new[index] = key not in self._seen
            self._seen.add(key)
        return new


class WordSketch:
    """MinHash over sequences of words, without regard to case: near for texts that share most of them.

    Source: Broder, On the resemblance and containment of documents, 1997; computed by datasketch.
    """

    width = PERMUTATIONS

    @cached_property
    def _permutations(self) -> Any:
        from datasketch import MinHash

        return MinHash(PERMUTATIONS, seed=1, scheme=_SCHEME)

    def of(self, documents: Sequence[Document]) -> np.ndarray:
        """Fingerprints of documents, (documents, PERMUTATIONS) uint64."""
        sketches = np.zeros((len(documents), self.width), np.uint64)
        for row, document in zip(sketches, documents, strict=True):
            sketch = self._permutations.copy()
            sketch.update_batch(_shingles(" ".join(document.paragraphs).lower().split()))
            row[:] = sketch.hashvalues
        return sketches

    def finder(self) -> Finder:
        """What finds those that were seen before."""
        return _SeenSketches()


def _shingles(words: Sequence[str]) -> list[bytes]:
    ends = range(SHINGLE_WORDS, max(SHINGLE_WORDS, len(words)) + 1)
    return list({" ".join(words[end - SHINGLE_WORDS : end]).encode("utf-8", "surrogatepass") for end in ends})


class _SeenSketches:
    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(SIMILARITY, PERMUTATIONS, weights=_COSTS)
        self._seen: list[Any] = []

    def are_new(self, fingerprints: np.ndarray) -> np.ndarray:
        from datasketch import MinHash

        new = np.zeros(len(fingerprints), np.bool_)
        for place, values in enumerate(fingerprints):
            sketch = MinHash(PERMUTATIONS, seed=1, scheme=_SCHEME, hashvalues=values)
            near = (self._seen[candidate] for candidate in self._index.query(sketch))
            new[place] = not any(sketch.jaccard(other) >= SIMILARITY for other in near)
            if new[place]:
                self._index.insert(len(self._seen), sketch)
                self._seen.append(sketch)
        return new
