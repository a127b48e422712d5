"""Paths as words of a command that is printed, so that it can be pasted into a shell."""

import shlex
from collections.abc import Iterable
from pathlib import Path


def path_word(path: str | Path) -> str:
    """A path as one word: quoted where a shell needs it, and never taken for a flag, as `-mine` would be."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def path_words(paths: Iterable[str | Path]) -> str:
    """Paths as words with blanks between them."""
    return " ".join(map(path_word, paths))
