"""A page as a value: all that a command shows, and where and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from mbert_cli.table import Table

PageFormat = Literal["table", "markdown", "json", "html"]
PAGE_FORMATS: tuple[PageFormat, ...] = get_args(PageFormat)


@dataclass(frozen=True)
class Page:
    """Tables for a person, and a record of the same for a program.

    Attributes:
        tables: In the order in which they are read; each has its own notes.
        record: What the tables show, as JSON has it: keys are whole words, figures are numbers with all their
            digits, shares are shares of 1, what is not known is null.
        notes: Sentences to be read below all tables, or in place of them where there is nothing to show.
        lines: Lines to be copied, below the notes: commands, paths.
        title: Heading of the page where it is a document of its own.
    """

    tables: Sequence[Table] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    lines: Sequence[str] = ()
    title: str = ""


@dataclass(frozen=True)
class Delivery:
    """Where a page goes, and in which form.

    Attributes:
        format: How it is written.
        file: The file that gets it; None is standard output.
    """

    format: PageFormat = "table"
    file: Path | None = None


PRINTED = Delivery()
"""Tables on standard output."""
