"""The sentences of a token store as lists of words, in blocks that are spread evenly over its text."""

from functools import cached_property
from itertools import pairwise

import numpy as np

from mbert_cli.corpus.store import TokenStore
from mbert_cli.spread import spread_places
from mbert_cli.text.vocabulary import CONTINUATION

SENTENCE_BLOCK_TOKENS = 2**16
"""Tokens of a block, about: it ends where a sentence does."""


class SentenceBlocks:
    """Blocks of a store's text, without the documents that it holds out.

    Attributes:
        tokens: Tokens of all blocks.
        first_sentences: (blocks,) The number of the first sentence of each.

    Args:
        store: The store.
        max_tokens: Tokens of all blocks at most, about, in blocks that are spread evenly over the text; None for all.
    """

    def __init__(self, store: TokenStore, max_tokens: int | None = None) -> None:
        self._store = store
        total = store.report.tokens
        wanted = total if max_tokens is None else min(max_tokens, total)
        size = max(1, min(SENTENCE_BLOCK_TOKENS, wanted))
        most = None if wanted == total else wanted // size
        places = spread_places(-(-total // size), most)
        bounds = np.stack([places * size, (places + 1) * size]).clip(max=total)
        self.first_sentences, self._ends = np.searchsorted(store.sentence_starts, bounds)  # (blocks,) each
        starts = store.sentence_starts
        self.tokens = int((starts[self._ends] - starts[self.first_sentences]).sum())

    def __len__(self) -> int:
        return len(self.first_sentences)

    def sentences(self, block: int) -> list[list[str]]:
        """The sentences of a block: words, their pieces put together, without numbers and punctuation.

        Sentences without a word are left out.
        """
        first, last = self.first_sentences[block], self._ends[block]
        starts = self._store.sentence_starts[first : last + 1]
        words, sentence = self._words(self._store.tokens[starts[0] : starts[-1]], starts - starts[0])
        documents = np.searchsorted(self._store.document_starts, np.arange(first, last), side="right") - 1
        kept = np.array([word.isalpha() for word in words], bool)
        kept &= ~self._store.held_out[documents][sentence]
        found: list[str] = words[kept].tolist()
        bounds = np.searchsorted(sentence[kept], np.arange(last - first + 1)).tolist()
        return [found[start:end] for start, end in pairwise(bounds) if end > start]

    def _words(self, tokens: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The words of some tokens, (words,) strings, and (words,) the sentence of each.

        Args:
            tokens: (tokens,) Ids.
            starts: (sentences + 1,) Where each sentence starts in them, and the last one ends.
        """
        begins = ~self._store.vocabulary.is_continuation[tokens]
        begins[starts[:-1]] = True
        places = np.flatnonzero(begins)
        words = self._texts[tokens[places]]
        ends = np.append(places[1:], len(tokens))
        for word in np.flatnonzero(ends - places > 1):
            pieces = self._texts[tokens[places[word] : ends[word]]]
            words[word] = pieces[0] + "".join(piece.removeprefix(CONTINUATION) for piece in pieces[1:])
        return words, np.searchsorted(starts, places, side="right") - 1

    @cached_property
    def _texts(self) -> np.ndarray:
        return np.array(self._store.vocabulary.tokens, object)
