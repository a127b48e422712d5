"""The sections of a recipe of `mbert augment`: how many copies, and where candidates come from."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Positive, Section, Share


class AugmentOptions(Section):
    """How examples are copied and their words replaced."""

    copies: Positive | None = None
    """Copies of each training example, of which those that are alike are dropped. null takes what TinyBERT's authors
    take: 10 for MNLI and QQP, 20 for SST-2 and QNLI, 30 for all others."""
    replace_probability: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Probability that a word is replaced in a copy."""
    candidates: Positive = 15
    """Words that may stand in place of one."""
    max_examples: Positive | None = None
    """Examples that are copied at most, spread evenly over the training set; the others stay as they are. null
    copies all."""
    stop_words: str | None = None
    """File with the words that are never replaced and replace nothing, one per line; null takes scikit-learn's list of
    English ones."""
    sees_original: bool = True
    """The masked LM reads the original text behind the masked one, so that candidates keep closer to its meaning."""
    masked_share: Share = 0.25
    """Largest share of the tokens of a row, those of the original among them, that is masked at once; pre-training
    masks 0.15 of them. 0 masks one word at a time, as TinyBERT's authors do, which takes several times as long."""
    sequence_length: Annotated[int, Field(ge=8)] = 128
    """Tokens of a row that the masked LM reads; of a longer text it reads a window around each word."""
    batch_size: Positive = 64
    """Rows per forward pass."""


class VectorFile(Section):
    """Word vectors of your own."""

    source: Literal["file"]
    """A file in the format of GloVe or word2vec."""
    path: str
    """Text file, plain or as .gz: a word and its numbers on each line, with or without a first line of counts."""
    max_rows: Positive = 100_000
    """Rows that are read, from the first on, which in most files is that of the most frequent word."""


class TrainedVectors(Section):
    """Word vectors trained on the text of a token store."""

    source: Literal["store"]
    """The text of a `prepare` run; needs the package gensim."""
    run: str | None = None
    """A `prepare` run; null takes the newest complete one."""
    dimension: Positive = 100
    """Numbers of a vector."""
    window: Positive = 5
    """Words on each side that a word is to predict."""
    epochs: Positive = 5
    """Passes over the text."""
    max_tokens: Positive | None = 10_000_000
    """Tokens that a pass reads at most, in blocks that are spread evenly over the text; null reads all. One core is
    used, so that the same text gives the same vectors each time."""
    min_count: Positive = 5
    """Words that occur less often get no vector."""


Vectors = Annotated[VectorFile | TrainedVectors, Field(discriminator="source")]
