"""The vocabulary section of a recipe."""

from typing import Annotated

from pydantic import Field

from mbert_cli.section import Section


class VocabularyOptions(Section):
    """The WordPiece vocabulary: a given file, or one trained on the corpus."""

    file: str | None = None
    """A vocab.txt with one token per line and BERT's reserved tokens; null trains a vocabulary."""
    size: Annotated[int, Field(ge=1000, le=1_000_000)] = 8192
    """Number of entries to train; without effect beside a file."""
    lowercase: bool = True
    """Lower-case the text and strip accents, as BERT's uncased models do."""
    training_megabytes: Annotated[float, Field(gt=0)] = 64.0
    """Train on at most this many megabytes of the corpus, spread evenly over the documents."""
