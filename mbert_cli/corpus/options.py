"""The sections of a recipe for unlabelled text: corpus, token store and pre-training batches."""

from typing import Annotated, Literal

from pydantic import Field

from mbert_cli.section import DistinctNames, Positive, Section, Share

Deduplicate = Literal["exact", "near"]

DocumentWeight = Annotated[float, Field(gt=0)]


class FilesSource(Section):
    """Documents from files."""

    source: Literal["files"]
    """Read files."""
    globs: Annotated[list[str], Field(min_length=1)]
    """Glob patterns, relative to the working directory, and URLs, which may be patterns too: gs:// s3:// hf:// https://
    and whatever else fsspec reads; ** crosses folders. A file counts once, however many patterns, links or hard links
    lead to it."""
    text: str = "text"
    """Column, or field of a .jsonl line, that holds the text of a document; doc.body is a member of the column doc."""
    where: str | None = None
    """Condition on columns that a row must fulfil, such as \"language == 'en' and score > 0.5\" or \"checked and not
    spam\"; null takes all. A comparison with a value that is missing does not hold."""


class FilesCorpus(FilesSource):
    """Text files: a .txt or .md file is one document; a .jsonl file holds one document per line, or per item of the
    JSON array that fills it; a .csv or .parquet file one per row. Each may be packed as .gz or .zst."""

    deduplicate: Deduplicate | None = None
    """Keep the first of several equal documents (exact), or of those that share most sequences of five words (near,
    which needs datasketch and takes much longer); null keeps all."""


class FilesPart(FilesSource):
    """Files that are mixed with other sources."""

    weight: DocumentWeight = 1.0
    """How often each document of the part counts."""


class TfdsSource(Section):
    """Documents from TensorFlow Datasets."""

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


class TfdsCorpus(TfdsSource):
    """A TensorFlow Datasets builder with a text feature."""

    deduplicate: Deduplicate | None = None
    """Keep the first of several equal documents (exact), or of those that share most sequences of five words (near,
    which needs datasketch and takes much longer); null keeps all."""


class TfdsPart(TfdsSource):
    """A data set that is mixed with other sources."""

    weight: DocumentWeight = 1.0
    """How often each document of the part counts."""


class InstalledDocsCorpus(Section):
    """The documentation inside installed Python packages: needs no network and no file."""

    source: Literal["installed_docs"]
    """Read docstrings, without importing the packages."""
    packages: DistinctNames | None = None
    """Import names of the packages to read; null reads those that mbert itself requires."""


class InstalledDocsPart(InstalledDocsCorpus):
    """Documentation that is mixed with other sources."""

    weight: DocumentWeight = 1.0
    """How often each document of the part counts."""


MixedSource = Annotated[FilesPart | TfdsPart | InstalledDocsPart, Field(discriminator="source")]


class MixCorpus(Section):
    """Several sources, each of which counts by a weight."""

    source: Literal["mix"]
    """Mix several sources."""
    mix: Annotated[list[MixedSource], Field(min_length=1)]
    """The parts, in order: each has the keys of a corpus of its source and a weight, which says how often a document of
    it counts. 0.5 keeps half of the documents, chosen by a hash of their text, 1 takes each once, 2 each twice, and 1.5
    each once and half of them twice."""
    deduplicate: Deduplicate | None = None
    """Keep the first of several equal documents of all parts (exact), or of those that share most sequences of five
    words (near, which needs datasketch and takes much longer); null keeps all. The earlier part wins; what a weight
    leaves out does not count as there."""


SingleCorpus = FilesSource | TfdsSource | InstalledDocsCorpus
"""A corpus of one source, or a part of a mix."""

Corpus = Annotated[FilesCorpus | TfdsCorpus | InstalledDocsCorpus | MixCorpus, Field(discriminator="source")]


class StoreOptions(Section):
    """How the token store is written."""

    validation_share: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Share of documents set aside for the validation loss, chosen by a hash of each document. Equal documents are on
    one side, so that none is trained on and validated on; of a corpus with many of them the share may be another."""
    language: str = "en"
    """Language whose rules split sentences, by its code in small letters, such as de; those of English are taken where
    sentencex has none for it, which is said."""
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
