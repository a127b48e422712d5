"""How long word vectors of a token store take, what more threads would bring, and how good fewer tokens are.

    python tests/benchmarks/word_vectors.py runs/prepare-books [--tokens 1_000_000 10_000_000] [--threads 2]

For each number of tokens the vectors are trained as `mbert augment` does, nothing kept; then by gensim with several
threads, twice, on the same sentences: whether both end in the same vectors. Vectors are rated by the rank correlation of
their cosines with what people said of 353 pairs of words (WordSim-353, which gensim brings along).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors, Word2Vec
from gensim.test.utils import datapath

from mbert_cli.augment.kept_vectors import KeptVectors
from mbert_cli.augment.options import TrainedVectors
from mbert_cli.augment.sentence_blocks import SentenceBlocks
from mbert_cli.augment.trained_vectors import VectorTraining
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.corpus.store import TokenStore
from mbert_cli.home import CACHE_VARIABLE


def main() -> None:
    """Prints a line for each training."""
    given = _parse()
    store = TokenStore(given.run / "final")
    for tokens in given.tokens:
        options = TrainedVectors(source="store", max_tokens=tokens)
        _print(f"{tokens:,} tokens, as mbert augment", options, partial(train, store))
        for _ in range(2 if given.threads > 1 else 0):
            name = f"{tokens:,} tokens, {given.threads} threads"
            _print(name, options, partial(train_by_threads, store, given.threads))


def train(store: TokenStore, options: TrainedVectors) -> WordVectors:
    """The vectors of an augmentation."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE_VARIABLE] = folder
        return VectorTraining(store, options, 0, KeptVectors("benchmark", Path(folder))).run(
            lambda done: None
        )


def train_by_threads(store: TokenStore, threads: int, options: TrainedVectors) -> WordVectors:
    """Vectors by gensim's own loop."""
    blocks = SentenceBlocks(store, options.max_tokens)
    sentences = [one for block in range(len(blocks)) for one in blocks.sentences(block)]
    trained = Word2Vec(
        sentences, vector_size=options.dimension, window=options.window, min_count=options.min_count, sg=1,
        negative=5, seed=0, workers=threads, epochs=options.epochs,
    )  # fmt: skip
    return WordVectors(list(trained.wv.index_to_key), trained.wv.vectors)


def rate(vectors: WordVectors) -> tuple[float, float]:
    """Spearman's correlation with people's ratings of pairs, and the share of pairs that a word of lacks a vector."""
    table = KeyedVectors(vectors.directions.shape[1])
    table.add_vectors(vectors.words, vectors.directions)
    _, spearman, missing = table.evaluate_word_pairs(datapath("wordsim353.tsv"))
    return float(spearman[0]), missing / 100


def _print(name: str, options: TrainedVectors, work: Callable[[TrainedVectors], WordVectors]) -> None:
    clock, processor = time.monotonic(), time.process_time()
    vectors = work(options)
    clock, processor = time.monotonic() - clock, time.process_time() - processor
    correlation, missing = rate(vectors)
    speed = (options.max_tokens or 0) * options.epochs / processor
    check = float(np.abs(vectors.directions).sum(dtype=np.float64))
    print(
        f"{name:<38} {clock:7.1f} s, {processor:7.1f} of processor time, {speed:,.0f} tokens/s of it; "
        f"{len(vectors):,} words, correlation {correlation:.3f} ({missing:.0%} of the pairs missing), sum {check:.9f}",
        flush=True,
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--tokens", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
