"""Several sources as one corpus: its parts, and how often each of their documents counts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import DUPLICATES
from mbert_cli.corpus.options import Corpus, FilesSource, MixCorpus, SingleCorpus, TfdsSource
from mbert_cli.errors import UserError

if TYPE_CHECKING:
    from mbert_cli.corpus.encoding import SourceCount

LEFT_OUT = "documents that the weight of their part leaves out"

_BITS = 53
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS = (30, 27, 31)
_MASK = 2**64 - 1


@dataclass(frozen=True)
class MixPart:
    """One source of a corpus.

    Attributes:
        corpus: What is read.
        key: The recipe key that says so: `corpus`, or `corpus.mix.0` for the first part of a mix.
        part: Its number in the mix, counted from 0; None where the corpus is no mix.
        weight: How often each of its documents counts.
    """

    corpus: SingleCorpus
    key: str = "corpus"
    part: int | None = None
    weight: float = 1.0

    @property
    def name(self) -> str:
        """What it is called in messages: `corpus.mix.0 (books/*.txt)`."""
        if isinstance(self.corpus, FilesSource):
            where = ", ".join(self.corpus.globs)
        else:
            where = self.corpus.dataset if isinstance(self.corpus, TfdsSource) else "installed documentation"
        return f"{self.key} ({where})"


def portions_of(corpus: Corpus | SingleCorpus) -> list[MixPart]:
    """The sources of a corpus, in order."""
    if not isinstance(corpus, MixCorpus):
        return [MixPart(corpus)]
    return [
        MixPart(part, f"corpus.mix.{number}", number, part.weight) for number, part in enumerate(corpus.mix)
    ]


def chosen_documents(documents: Iterable[Document], weight: float) -> Iterator[Document]:
    """Those that count at least once; of the others only that they were left out.

    Args:
        documents: All documents of a part.
        weight: How often each counts.
    """
    if weight >= 1:
        yield from documents
        return
    for document in documents:
        if not document.is_text or _copies(int(document.hash_fraction * 2**_BITS), weight):
            yield document
        else:
            dropped = {**document.dropped, LEFT_OUT: 1}
            yield replace(document, paragraphs=[], dropped=dropped, is_text=False)


def weighted_documents(documents: Iterable[Document], weight: float) -> Iterator[Document]:
    """Documents as often as they count, one after the other."""
    for document in chosen_documents(documents, weight):
        yield document
        if weight > 1 and document.is_text:
            count = _copies(int(document.hash_fraction * 2**_BITS), weight)
            yield from [replace(document, dropped={})] * (count - 1)


def copies_of(fractions: np.ndarray, weight: float) -> np.ndarray:
    """How often documents count, (documents,) int64.

    Args:
        fractions: (documents,) float64. `Document.hash_fraction`, so that nothing else decides it: neither the order of
            the documents nor what else there is.
        weight: How often each counts on average.
    """
    copies: np.ndarray = _copies((fractions * 2.0**_BITS).astype(np.uint64), weight)
    return copies.astype(np.int64)


def _copies(numbers: Any, weight: float) -> Any:
    """How often documents count, from fractions as whole numbers below 2 ** 53: an int, or an array of uint64."""
    whole = int(weight)
    return whole + (_spread(numbers) < weight - whole)


def _spread(numbers: Any) -> Any:
    """Other numbers in [0, 1), which those of documents decide and yet say nothing about.

    What is held out has the smallest fractions; if these decided too what a weight keeps, it would keep all of that.

    Source: the finalizer of splitmix64, Steele et al., Fast splittable pseudorandom number generators, 2014.
    """
    for shift, factor in zip(_SHIFTS, (*_FACTORS, 1), strict=True):
        numbers = ((numbers ^ (numbers >> shift)) * factor) & _MASK
    return (numbers >> (64 - _BITS)) / 2.0**_BITS


def require_all_parts(portions: Sequence[MixPart], counts: Mapping[int, "SourceCount"]) -> None:
    """Checks that every part of a mix is in it.

    Args:
        portions: The parts; those of a corpus that is no mix are not looked at.
        counts: What each part gave, by its number.

    Raises:
        UserError: A part gave none.
    """
    for portion in portions:
        count = None if portion.part is None else counts.get(portion.part)
        if portion.part is None or (count and count.documents):
            continue
        reasons = count.dropped if count else {}
        left_out = ", ".join(f"{reason}: {number:,}" for reason, number in reasons.items())
        seen = f"no document ({left_out})" if left_out else "no document"
        hint = f"Correct {portion.key}, or take the part out of corpus.mix."
        if DUPLICATES in reasons:
            hint = f"Put {portion.key} before the part that has the same documents, or take it out of corpus.mix."
        raise UserError(
            f"Each part of corpus.mix must give a document. Received: {portion.name} with {seen}", hint
        )
