"""The vocabulary section of a recipe."""

from typing import Annotated

from pydantic import Field

from mbert_cli.section import Section


class VocabularyOptions(Section):
    """The WordPiece vocabulary: a given file, or one trained on the corpus."""

    file: str | None = None
    """A vocab.txt with one token a line and the reserved tokens of BERT; null trains one."""
    size: Annotated[int, Field(ge=1000, le=1_000_000)] = 8192
    """Entries to train; unused when a file is given."""
    lowercase: bool = True
    """Lower-case and strip accents, as BERT's uncased models do."""
    training_megabytes: Annotated[float, Field(gt=0)] = 64.0
    """Training reads at most this much of the corpus, taken evenly over the documents."""
