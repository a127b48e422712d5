"""What a masked LM finds for a piece of many texts, in this process or in another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mbert_cli.augment.masked_rows import place_words
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.words import content_words
from mbert_cli.backend import load_keras, use_streams
from mbert_cli.native_output import hidden_native_output
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.store import save_weights

if TYPE_CHECKING:
    from mbert_cli.augment.masked_words import MaskedWords
    from mbert_cli.text.wordpiece import Tokenizer


@dataclass(frozen=True)
class TextPiece:
    """Some of many texts.

    Attributes:
        start: The number of the first.
        texts: The texts.
        file: Receives their candidates.
    """

    start: int
    texts: Sequence[str]
    file: Path


@dataclass
class PieceFiller:
    """Finds candidates for pieces of texts; Keras is loaded when it is given one.

    Attributes:
        model: A run with a head for masked words.
        options: How many candidates, and how rows are built.
        stop_words: What is never replaced and replaces nothing, in lower case.
    """

    model: SavedModel
    options: AugmentOptions
    stop_words: frozenset[str]

    def __call__(self, piece: TextPiece) -> None:
        """Writes the candidates of a piece: `ids` (words, candidates) and `places` (words, 2)."""
        texts = list(piece.texts)
        words = [content_words(text, self.stop_words) for text in texts]
        placed = place_words(texts, words, self._tokenizer)
        places = np.stack([placed.texts + piece.start, placed.firsts], axis=1).astype(np.uint32)
        ids = self._masked_words.fill(placed).astype(np.uint32)
        save_weights(piece.file, {"ids": ids, "places": places})

    @cached_property
    def _masked_words(self) -> "MaskedWords":
        with hidden_native_output():
            load_keras()
            from mbert_cli.augment.masked_words import MaskedWords

        use_streams()
        return MaskedWords(self.model, self.options, self.stop_words)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        with hidden_native_output():
            from mbert_cli.text.wordpiece import Tokenizer

        return Tokenizer(self.model.vocabulary)
