"""Files by pattern: each once, however many paths lead to it."""

import glob
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.word_lists import listed

_ANY_FOLDERS = re.compile(r"(?:(?<=/)|^)\*\*(?:/\*\*)*(?:/|$)")
"""The component ** of a pattern, once or several times in a row."""


@dataclass(frozen=True)
class FoundFiles:
    """What some patterns match.

    Attributes:
        paths: The files, in the order of the patterns and sorted within a pattern. Where several paths lead to
            one file, it is the first that is not a link.
        again: Further paths to a file or a folder that is among them already: links, and loops of links.
        unmatched: Patterns that match no file.
    """

    paths: list[Path]
    again: list[str]
    unmatched: list[str]

    @property
    def notes(self) -> list[str]:
        """What a person should know about it."""
        notes = [f"{pattern} matches no file" for pattern in self.unmatched]
        if self.again:
            one = len(self.again) == 1
            notes.append(
                f"A file counts once: {listed(self.again)} {'leads' if one else 'lead'} to what "
                "is read already"
            )
        return notes


def match_files(patterns: Sequence[str]) -> FoundFiles:
    """The files that glob patterns match.

    Args:
        patterns: Relative to the working directory; ** crosses folders, links to folders too, each folder once. One
            that matches nothing may be the name of a file as it stands.
    """
    matches: dict[str, tuple[int, int]] = {}
    again: dict[str, None] = {}
    unmatched = []
    for pattern in patterns:
        found = sorted({str(Path(path)) for path in _expand(pattern, again) if os.path.isfile(path)})
        if not found and os.path.isfile(pattern):
            found = [str(Path(pattern))]  # a name with brackets, as in `letter [1].txt`
        matches |= {path: _identity(path) for path in found}
        if not found:
            unmatched.append(pattern)
    same: dict[tuple[int, int], list[str]] = {}
    for path, identity in matches.items():
        same.setdefault(identity, []).append(path)
    chosen = {_first_file(paths) for paths in same.values()}
    again |= dict.fromkeys(path for path in matches if path not in chosen)
    return FoundFiles([Path(path) for path in matches if path in chosen], list(again), unmatched)


def _first_file(paths: Sequence[str]) -> str:
    return next((path for path in paths if not os.path.islink(path)), paths[0])


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _expand(pattern: str, again: dict[str, None]) -> Iterator[str]:
    """`glob.glob` that enters each folder once, where links make loops; notes links to folders it has entered."""
    stars = _ANY_FOLDERS.search(pattern)
    if stars is None:
        yield from glob.iglob(pattern)
        return
    head, tail = pattern[: stars.start()], pattern[stars.end() :] or "*"
    for start in glob.iglob(head) if head else [""]:
        for folder in _folders(start, again):
            yield from _expand(os.path.join(glob.escape(folder), tail), again)


def _folders(start: str, again: dict[str, None]) -> Iterator[str]:
    """A folder and all below it that are not hidden, each once; those that no link leads to come first."""
    seen: set[tuple[int, int]] = set()
    folders, links = deque([start]), deque[str]()
    while folders or links:
        is_link = not folders
        folder = (folders or links).popleft()
        identity = _identity(folder or ".")
        if identity in seen:
            if is_link:
                again[folder] = None
            continue
        seen.add(identity)
        yield folder
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                # os.path.isdir is false of a link that leads to itself, where entry.is_dir fails
                if not entry.name.startswith(".") and os.path.isdir(entry.path):
                    (links if entry.is_symlink() else folders).append(os.path.join(folder, entry.name))
