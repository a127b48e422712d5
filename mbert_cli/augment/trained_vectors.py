"""Word vectors trained on the text of a token store, by gensim's word2vec."""

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np

from mbert_cli.augment.options import TrainedVectors
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import CONTINUATION

_EVERY_DOCUMENTS = 100
_NEGATIVES = 5


def require_gensim() -> None:
    """Checks that the package is there.

    Raises:
        UserError: It is not.
    """
    if importlib.util.find_spec("gensim") is None:
        raise UserError(
            "The vectors of a token store are trained by the package gensim. Received: an environment without it",
            "pip install 'mbert[vectors]', or name a file: --set vectors.source=file --set vectors.path=FILE",
        )


def train_vectors(
    store: TokenStore, options: TrainedVectors, seed: int, watch: Callable[[int], None] = lambda done: None
) -> WordVectors:
    """Trains skip-gram vectors with negative samples; the same store, options and seed give the same ones.

    Args:
        store: The text, without what it holds out.
        options: How they are trained.
        seed: Decides initial vectors and samples.
        watch: Told now and then of how many documents were read, in all passes together.

    Raises:
        UserError: No word of the text is frequent enough.
    """
    from gensim.models import Word2Vec

    trainer = Word2Vec(
        vector_size=options.dimension,
        window=options.window,
        min_count=options.min_count,
        sg=1,
        negative=_NEGATIVES,
        seed=seed,
        workers=1,  # with more of them the order of updates would be another one each time
    )
    text = StoreSentences(store, watch)
    trainer.build_vocab(text)
    if not len(trainer.wv):
        raise UserError(
            f"Words must occur as often as vectors.min_count says. Received: {options.min_count}, and no word of "
            f"{store.directory} does",
            "Set vectors.min_count lower, or take a larger store.",
        )
    trainer.train(text, total_examples=trainer.corpus_count, epochs=options.epochs)
    return WordVectors(list(trainer.wv.index_to_key), np.array(trainer.wv.vectors))


def count_documents(store: TokenStore, options: TrainedVectors) -> int:
    """Documents that a training reads, in all passes together."""
    return len(store.documents("train")) * (options.epochs + 1)


class StoreSentences:
    """The sentences of a token store as lists of words, pieces put together, without numbers and punctuation.

    Args:
        store: The store.
        watch: Told now and then of how many documents were read, over all readings.
    """

    def __init__(self, store: TokenStore, watch: Callable[[int], None]) -> None:
        self._store, self._watch = store, watch
        self._tokens = np.array(store.vocabulary.tokens, object)
        self._read = 0

    def __iter__(self) -> Iterator[list[str]]:
        documents, starts = self._store.documents("train"), self._store.sentence_starts
        for first, last in zip(documents.first_sentence, documents.last_sentence, strict=True):
            for start, end in zip(starts[first:last], starts[first + 1 : last + 1], strict=True):
                yield _words(self._tokens[self._store.tokens[start:end]].tolist())
            self._read += 1
            if self._read % _EVERY_DOCUMENTS == 0:
                self._watch(self._read)


def _words(tokens: list[str]) -> list[str]:
    words: list[str] = []
    for token in tokens:
        if token.startswith(CONTINUATION) and words:
            words[-1] += token.removeprefix(CONTINUATION)
        else:
            words.append(token)
    return [word for word in words if word.isalpha()]
