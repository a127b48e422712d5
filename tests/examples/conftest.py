"""What the tests of labelled pieces share: a task that is read, one that is refused, and what was found."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.tokens import TokenExamples


@pytest.fixture
def write_file(tmp_path: Path) -> Callable[[str, str], str]:
    """Writes a text into a file, compressed where its name says so, and returns the path."""

    def write(name: str, content: str) -> str:
        path = tmp_path / name
        data = content.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(path)

    return write


@pytest.fixture
def load_tokens() -> Callable[..., TaskData]:
    """Reads a task of labelled pieces, which is scored on its training file unless another is named."""

    def load(train: str, **options) -> TaskData:
        return load_task(TokenTask(source="tokens", train=train, **{"validation": train} | options))

    return load


@pytest.fixture
def refused_tokens(load_tokens) -> Callable[..., tuple[str, str]]:
    """Sentence and hint of the error that reading such a task ends in."""

    def refused(train: str, **options) -> tuple[str, str]:
        with pytest.raises(UserError) as caught:
            load_tokens(train, **options)
        return caught.value.message, caught.value.hint

    return refused


@pytest.fixture
def entities() -> Callable[[TokenExamples], list[list[tuple[str, str]]]]:
    """Text and type of each span."""

    def found(examples: TokenExamples) -> list[list[tuple[str, str]]]:
        return [
            [(text[start:end], name) for start, end, name in spans]
            for text, spans in zip(examples.texts, examples.spans, strict=True)
        ]

    return found
