"""One document of a corpus, and which documents are set aside for validation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mbert_cli.text.hashing import hash_fraction

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True)
class Document:
    """Paragraphs that belong together, in reading order.

    Args:
        name: Where it comes from: a file, a file and line, a data set's index, a module.
        paragraphs: Its text; the list may be empty.
        label: The library it documents, for installed documentation.
        hash_key: What decides whether it is held out; "" stands for its text, so that the same text lands
            on the same side wherever its file lies.
        dropped: Reason -> how many paragraphs, or rows before it, were left out when it was read.
        source: The file that it comes from; "" where it comes from none.
        is_text: False for what is no document and only brings such counts.
    """

    name: str
    paragraphs: list[str]
    label: str | None = None
    hash_key: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    is_text: bool = True

    @cached_property
    def hash_fraction(self) -> float:
        """A number in [0, 1) that is evenly spread over documents and always the same for one."""
        return hash_fraction(self.hash_key or "\n\n".join(self.paragraphs))


def is_held_out(document: Document, share: float) -> bool:
    """Whether a document belongs to the given share that is set aside for validation.

    The documents of a share are among those of every larger share, so what a task holds out at 0.1 covers
    what a token store holds out at 0.02.
    """
    return document.hash_fraction < share


def split_paragraphs(text: str) -> list[str]:
    """Cuts a text at its blank lines; paragraphs come without surrounding white space, none is empty."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return [paragraph for paragraph in _BLANK_LINES.split(text.strip()) if paragraph]
