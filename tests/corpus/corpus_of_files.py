"""A corpus of files as tests read it."""

import pytest

from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.errors import UserError


def read(*globs: str, **options) -> list[tuple[str, list[str]]]:
    corpus = FilesCorpus(source="files", globs=list(globs), **options)
    return [(document.name, document.paragraphs) for document in documents(corpus)]


def refused(*globs: str, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        read(*globs, **options)
    return caught.value
