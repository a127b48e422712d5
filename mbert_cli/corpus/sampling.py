"""An even sample of a corpus of unknown size, in one pass and bounded memory."""

from collections.abc import Iterable, Iterator

from mbert_cli.corpus.document import Document


def sample_texts(documents: Iterable[Document], megabytes: float) -> list[str]:
    """Paragraphs of evenly spaced documents, together at most `megabytes` (10^6 bytes of UTF-8).

    Every `stride`-th document is kept, and the stride doubles whenever the kept ones outgrow the limit,
    so the result does not depend on anything but the documents and their order. At least one document
    is kept, whatever its size.
    """
    limit = int(megabytes * 1e6)
    kept: list[tuple[list[str], int]] = []
    size, stride = 0, 1
    for index, document in enumerate(documents):
        if index % stride:
            continue
        length = sum(len(paragraph.encode()) for paragraph in document.paragraphs)
        kept.append((document.paragraphs, length))
        size += length
        while size > limit and len(kept) > 1:
            kept, stride = kept[::2], 2 * stride
            size = sum(length for _, length in kept)
    return list(_paragraphs(kept))


def _paragraphs(kept: list[tuple[list[str], int]]) -> Iterator[str]:
    for paragraphs, _ in kept:
        yield from paragraphs
