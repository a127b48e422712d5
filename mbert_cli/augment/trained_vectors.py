"""Word vectors trained on the text of a token store, by gensim's word2vec."""

import importlib.util
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mbert_cli.augment.kept_vectors import KeptVectors, VectorState
from mbert_cli.augment.options import TrainedVectors
from mbert_cli.augment.sentence_blocks import SentenceBlocks
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import Interrupted, RunError, UserError

if TYPE_CHECKING:
    from gensim.models import Word2Vec

_NEGATIVES = 5
_RATE, _FINAL_RATE = 0.025, 0.0001
"""Those of word2vec; the rate falls evenly from one to the other."""
_KEEP_SECONDS = 60
"""A training that is killed loses so much at most."""


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


class VectorTraining:
    """Skip-gram vectors with negative samples: the same store, options and seed give the same ones, stopped or not.

    Attributes:
        total: Tokens that are read, in all passes together.
        kept: Where the vectors are kept, and how far a training has come.

    Args:
        store: The text; what it holds out is not read.
        options: How they are trained.
        seed: Decides initial vectors and samples.
        kept: The same.
    """

    def __init__(self, store: TokenStore, options: TrainedVectors, seed: int, kept: KeptVectors) -> None:
        self.kept = kept
        self._store, self._options, self._seed = store, options, seed
        self._blocks = SentenceBlocks(store, options.max_tokens)
        self.total = self._blocks.tokens * options.epochs

    @property
    def done(self) -> int:
        """Tokens that an earlier training has read, of `total`."""
        state = self.kept.read_state()
        return self._read_by(int(state["blocks"][0])) if state else 0

    def run(self, watch: Callable[[int], None]) -> WordVectors:
        """Trains the vectors, from where an earlier training was stopped, and keeps them.

        Args:
            watch: Told after each block of how many tokens were read; may raise `Interrupted`.

        Raises:
            UserError: No word of the text is frequent enough.
        """
        done = self.done
        trainer = self._trainer(lambda: watch(done))
        kept_at = time.monotonic()
        for block in range(self._restore(trainer), self._num_blocks):
            self._learn(trainer, block)
            try:
                watch(self._read_by(block + 1))
            except Interrupted:
                self.kept.write_state(_state(trainer, block + 1))
                raise
            if time.monotonic() - kept_at > _KEEP_SECONDS:
                with suppress(OSError, RunError):  # a full disk costs the way back, not the training
                    self.kept.write_state(_state(trainer, block + 1))
                kept_at = time.monotonic()
        words, vectors = list(trainer.wv.index_to_key), np.array(trainer.wv.vectors)
        self.kept.write(words, vectors)
        return WordVectors(words, vectors)

    @property
    def _num_blocks(self) -> int:
        """Blocks of all passes."""
        return len(self._blocks) * self._options.epochs

    def _read_by(self, block: int) -> int:
        """Tokens that are read before a block, about."""
        return self.total * block // self._num_blocks

    def _trainer(self, tell: Callable[[], None]) -> "Word2Vec":
        """A model that has counted the words, and learned nothing; `tell` is called after each block."""
        from gensim.models import Word2Vec

        counts: Counter[str] = Counter()
        for block in range(len(self._blocks)):
            counts.update(chain.from_iterable(self._blocks.sentences(block)))
            tell()
        options = self._options
        trainer = Word2Vec(
            vector_size=options.dimension, window=options.window, min_count=options.min_count, sg=1,
            negative=_NEGATIVES, seed=self._seed % 2**32,
            workers=1,  # with more of them the order of updates would be another one each time
        )  # fmt: skip
        trainer.lifecycle_events = None  # else it grows by one for each block
        trainer.build_vocab_from_freq(counts)
        if not len(trainer.wv):
            raise UserError(
                f"Words must occur as often as vectors.min_count says. Received: {options.min_count}, and no word of "
                f"{self._store.directory} does",
                "Set vectors.min_count lower, or read more text: vectors.max_tokens=null, or a larger store.",
            )
        return trainer

    def _restore(self, trainer: "Word2Vec") -> int:
        """Gives a model what an earlier training has learned; returns the block that comes next."""
        state = self.kept.read_state()
        if state is None:
            return 0
        trainer.wv.vectors[:] = state["vectors"]
        trainer.syn1neg[:] = state["contexts"]
        trainer.random.set_state(("MT19937", state["random"], int(state["random_place"][0])))
        return int(state["blocks"][0])

    def _learn(self, trainer: "Word2Vec", block: int) -> None:
        sentences = self._blocks.sentences(block % len(self._blocks))
        if sentences:
            rates = [_RATE + (_FINAL_RATE - _RATE) * done / self._num_blocks for done in (block, block + 1)]
            trainer.train(
                sentences, total_examples=len(sentences), epochs=1, start_alpha=rates[0], end_alpha=rates[1]
            )


def _state(trainer: "Word2Vec", blocks: int) -> VectorState:
    """All that later blocks depend on."""
    _, words, place, *_ = trainer.random.get_state()
    return {
        "blocks": np.array([blocks]), "vectors": trainer.wv.vectors, "contexts": trainer.syn1neg,
        "random": words, "random_place": np.array([place]),
    }  # fmt: skip
