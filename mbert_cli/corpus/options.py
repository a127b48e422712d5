"""The sections of a recipe for unlabelled text: corpus, token store and pre-training batches."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import Positive, Section, Share


class FilesCorpus(Section):
    """Text files: a .txt or .md file is one document; a .jsonl file holds one document per line, or per item of the
    JSON array that fills it; a .csv or .parquet file one per row. Each may be packed as .gz or .zst."""

    source: Literal["files"]
    """Read files."""
    globs: Annotated[list[str], Field(min_length=1)]
    """Glob patterns, relative to the working directory, and URLs, which may be patterns too: gs:// s3:// hf:// https://
    and whatever else fsspec reads; ** crosses folders. A file counts once, however many patterns, links or hard links
    lead to it."""
    text: str = "text"
    """Column, or field of a .jsonl line, that holds the text of a document."""
    where: str | None = None
    """Condition on columns that a row must fulfil, such as \"language == 'en' and score > 0.5\"; null takes all. A
    comparison with a value that is missing does not hold."""
    deduplicate: Literal["exact", "near"] | None = None
    """Keep the first of several equal documents (exact), or of those that share most sequences of five words (near,
    which needs datasketch and takes much longer); null keeps all."""


class TfdsCorpus(Section):
    """A TensorFlow Datasets builder with a text feature."""

    source: Literal["tfds"]
    """Read a data set of tensorflow-datasets."""
    dataset: str = "wikipedia/20230601.en"
    """Name and configuration, as tfds.load takes them."""
    split: str = "train"
    """Split; slices such as train[:10%] are allowed."""
    text_feature: str = "text"
    """Feature that holds the text of a document."""
    data_dir: str | None = None
    """Folder of prepared data sets; null uses the default of tensorflow-datasets."""
    deduplicate: Literal["exact", "near"] | None = None
    """Keep the first of several equal documents (exact), or of those that share most sequences of five words (near,
    which needs datasketch and takes much longer); null keeps all."""


class InstalledDocsCorpus(Section):
    """The documentation inside installed Python packages: needs no network and no file."""

    source: Literal["installed_docs"]
    """Read docstrings, without importing the packages."""
    packages: list[str] | None = None
    """Import names of the packages to read; null reads those that mbert itself requires."""


Corpus = Annotated[FilesCorpus | TfdsCorpus | InstalledDocsCorpus, Field(discriminator="source")]


class StoreOptions(Section):
    """How the token store is written."""

    validation_share: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Share of documents set aside for the validation loss, chosen by a hash of each document."""
    language: str = "en"
    """Language whose rules split sentences, by its ISO 639-1 code."""
    workers: Positive | None = None
    """Threads that tokenize; null uses one per core."""


class PretrainingOptions(Section):
    """How batches for masked language modelling and next-sentence prediction are drawn."""

    run: str | None = None
    """A `prepare` run with the token store; null takes the newest complete one."""
    prepare: str | None = None
    """Recipe of `mbert prepare` to run first when there is no complete `prepare` run."""
    sequence_length: Annotated[int, Field(ge=8)] = 128
    """Tokens per example, including [CLS] and both [SEP]."""
    masking_rate: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the tokens to predict: of these, 80 % become [MASK], 10 % a random token, and 10 % stay as they are."""
    max_predictions: Positive = 20
    """Largest number of tokens to predict in one example."""
    whole_word_masking: bool = False
    """Mask all pieces of a word together."""
    short_sequence_rate: Share = 0.1
    """Share of examples that get a random, shorter length."""
