"""Reading a corpus as a person sees it on the terminal."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mbert_cli import console
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.parts import WritingProgress
from mbert_cli.display import MEGABYTES

_EVERY_BYTES = 10**6
"""A display is told after this much text, which is often enough for the eye and rare enough for the reader."""


class Reading:
    """How far a corpus is read, in bytes of its text.

    Args:
        text_bytes: How many there are, about; None where that is not known before it was read once.
    """

    def __init__(self, text_bytes: int | None) -> None:
        self._text_bytes = text_bytes

    def watched(self, documents: Iterable[Document], watch: WritingProgress) -> Iterator[Document]:
        """The same documents, told as they are read; then it is known how much text there is.

        Args:
            documents: All of the corpus.
            watch: What `shown` yields. It is opened outside, so that an error closes it at once.
        """
        number = text_bytes = told = 0
        for number, document in enumerate(documents, start=1):
            text_bytes += sum(len(paragraph.encode()) for paragraph in document.paragraphs)
            if text_bytes - told >= _EVERY_BYTES:
                watch(number, text_bytes)
                told = text_bytes
            yield document
        watch(number, text_bytes)
        self._text_bytes = text_bytes

    @contextmanager
    def shown(self, description: str) -> Iterator[WritingProgress]:
        """Shows megabytes, their rate and documents.

        Args:
            description: What is being done.

        Yields:
            What is to be told how far the work is.
        """
        began = time.monotonic()
        with console.progress(self._text_bytes, description, unit=MEGABYTES, sparse=True) as display:

            def watch(documents: int, text_bytes: int) -> None:
                rate = text_bytes / 1e6 / max(time.monotonic() - began, 1e-3)
                display.update(text_bytes, megabytes_per_second=rate, documents=documents)

            yield watch
