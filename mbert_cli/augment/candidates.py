"""What may stand in place of each word of many texts: found piece by piece, and kept on disk until all is written."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mbert_cli.augment.filling import PieceFiller, TextPiece
from mbert_cli.augment.masked_rows import PlacedWords, place_words
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.augment.words import Word, as_written, content_words
from mbert_cli.cluster.options import HERE, ClusterOptions
from mbert_cli.cluster.sharing import share_among
from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json
from mbert_cli.runs.manifest import replace_file
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.store import load_weights

PIECE_TEXTS = 512
"""Texts of which the candidates are found and kept together."""
_NEIGHBOURS_FILE = "neighbours.json"


class ReplaceableWord(NamedTuple):
    """A word of a text, and what may stand in its place.

    Attributes:
        word: Where it stands.
        candidates: What may, written as the word is; at least one.
    """

    word: Word
    candidates: Sequence[str]


class DistinctTexts:
    """Texts, each once, and the words of each that may be replaced.

    Attributes:
        texts: The texts.
        stop_words: What is never replaced and replaces nothing, in lower case.

    Args:
        texts: Texts, some of them perhaps more than once.
        stop_words: The same.
    """

    def __init__(self, texts: Iterable[str], stop_words: frozenset[str]) -> None:
        self.texts = list(dict.fromkeys(texts))
        self.stop_words = stop_words

    def __len__(self) -> int:
        return len(self.texts)

    def words(self, text: str) -> list[Word]:
        """The words of a text, looked for anew each time: all of them would take more memory than the texts."""
        return content_words(text, self.stop_words)

    def pieces(self) -> dict[int, list[str]]:
        """The texts of each piece by the number of its first."""
        return {start: self.texts[start : start + PIECE_TEXTS] for start in range(0, len(self), PIECE_TEXTS)}


class MaskedCandidates:
    """What a masked LM found.

    Args:
        places: (words, 2) The number of the text and the first character of each word, in ascending order.
        ids: (words, candidates) Ids, 0 for none.
        tokens: What the ids stand for.
    """

    def __init__(self, places: np.ndarray, ids: np.ndarray, tokens: Sequence[str]) -> None:
        self._keys, self._ids, self._tokens = _keys(places), ids, tokens

    def of(self, text: int, words: Sequence[Word]) -> list[list[str] | None]:
        """The candidates of some words of a text; None for a word that is not one piece."""
        asked = _keys(np.array([(text, word.first) for word in words], np.int64).reshape(-1, 2))
        rows = np.searchsorted(self._keys, asked)
        is_known = np.append(self._keys, -1)[rows] == asked
        return [
            [self._tokens[index] for index in self._ids[row] if index] if known else None
            for row, known in zip(rows, is_known, strict=True)
        ]


class Candidates:
    """The candidates of all words of some texts, of a masked LM where a word is one piece, else of word vectors.

    Args:
        found: Texts and words.
        masked: What a masked LM found; None without one.
        neighbours: Words by the word that they are neighbours of.
    """

    def __init__(
        self, found: DistinctTexts, masked: MaskedCandidates | None, neighbours: Mapping[str, list[str]]
    ) -> None:
        self._found, self._masked, self._neighbours = found, masked, neighbours
        self._numbers = {text: number for number, text in enumerate(found.texts)}

    def of(self, text: str) -> list[ReplaceableWord]:
        """What may be replaced in a text, in its order."""
        words = self._found.words(text)
        filled = self._masked.of(self._numbers[text], words) if self._masked else [None] * len(words)
        choices = []
        for word, likely in zip(words, filled, strict=True):
            original = text[word.first : word.end]
            others = self._neighbours.get(original, []) if likely is None else likely
            if others:
                choices.append(ReplaceableWord(word, [as_written(other, original) for other in others]))
        return choices


class CandidateSearch:
    """Finds candidates and keeps what it has found in a folder, where the next session goes on.

    What is damaged there is found anew.

    Args:
        folder: For the pieces; made if needed.
        found: Texts and words.
        count: Candidates of a word.
    """

    def __init__(self, folder: Path, found: DistinctTexts, count: int) -> None:
        self._folder, self._found, self._count = folder, found, count
        folder.mkdir(parents=True, exist_ok=True)
        _remove_damaged(folder)

    @property
    def done(self) -> int:
        """Texts whose candidates of the masked LM are there."""
        return sum(len(texts) for start, texts in self._found.pieces().items() if self._file(start).exists())

    def neighbours(
        self, vectors: Callable[[], WordVectors], tokenizer: Tokenizer | None
    ) -> dict[str, list[str]]:
        """The nearest words of all words, or of those that are several pieces for a masked LM.

        Args:
            vectors: Gives the table; called where the nearest words are not there yet.
            tokenizer: That of the masked LM; None where there is none.
        """
        file = self._folder / _NEIGHBOURS_FILE
        if not file.exists():
            nearest = vectors().nearest(sorted(self._asked(tokenizer)), self._count, self._found.stop_words)
            replace_file(file, json.dumps(nearest, ensure_ascii=False).encode())
        known: dict[str, list[str]] = read_json(file)
        return known

    def fill(
        self, filler: PieceFiller, watch: Callable[[int], None], cluster: ClusterOptions = HERE
    ) -> MaskedCandidates:
        """Finds the candidates of the masked LM, piece by piece, those that are there already left out.

        Args:
            filler: Finds those of a piece.
            watch: Told after each piece of how many texts the candidates are there; may raise.
            cluster: Who shares the pieces.
        """
        pieces = self._found.pieces()
        missing = [
            TextPiece(start, texts, self._file(start))
            for start, texts in pieces.items()
            if not self._file(start).exists()
        ]
        share_among(filler, missing, cluster, lambda piece, _: watch(self.done))
        found = [load_weights(self._file(start)) for start in pieces]
        places, ids = (np.concatenate([piece[name] for piece in found]) for name in ("places", "ids"))
        return MaskedCandidates(places, ids, filler.model.vocabulary.tokens)

    def _asked(self, tokenizer: Tokenizer | None) -> set[str]:
        """The words that are looked up among the vectors."""
        asked: set[str] = set()
        for texts in self._found.pieces().values():
            placed = self._place(texts, tokenizer) if tokenizer else None
            alone = set(zip(placed.texts.tolist(), placed.firsts.tolist(), strict=True)) if placed else set()
            asked.update(
                text[word.first : word.end]
                for number, text in enumerate(texts)
                for word in self._found.words(text)
                if (number, word.first) not in alone
            )
        return asked

    def _place(self, texts: list[str], tokenizer: Tokenizer) -> PlacedWords:
        return place_words(texts, [self._found.words(text) for text in texts], tokenizer)

    def _file(self, start: int) -> Path:
        return self._folder / f"piece-{start // PIECE_TEXTS:06d}.safetensors"


def _remove_damaged(folder: Path) -> None:
    """Removes the files of an earlier session that cannot be read."""
    for file in folder.glob("piece-*.safetensors"):
        with suppress(UserError):
            if load_weights(file).keys() >= {"ids", "places"}:
                continue
        file.unlink()
    try:
        read_json(folder / _NEIGHBOURS_FILE)
    except FileNotFoundError:
        pass
    except ValueError:
        (folder / _NEIGHBOURS_FILE).unlink()


def _keys(places: np.ndarray) -> np.ndarray:
    """(words,) int64. One number for the text and the character of each word."""
    return places[:, 0].astype(np.int64) << 32 | places[:, 1].astype(np.int64)
