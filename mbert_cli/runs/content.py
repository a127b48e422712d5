"""What the inputs of a run hold: size and SHA-256 of every file, kept in its inputs.json.

The path of an input may change, what it holds may not: a run continues with an input that was moved, and refuses one
that was written anew under the same name.
"""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json
from mbert_cli.threads import map_in_threads

MARKED_BYTES = 2**24
"""Files from this size on are not hashed again while their mark is the same."""

_SETTLED_SECONDS = 2.0
"""A file that was written less than this ago has no mark: a second writing could leave the same one."""


@dataclass(frozen=True)
class FileContent:
    """One file.

    Attributes:
        name: Its path, or in a folder its path from there.
        bytes: Its size.
        sha256: In hexadecimal.
        mark: For a large file, its inode and times, which change whenever it is written; else empty.
    """

    name: str
    bytes: int
    sha256: str
    mark: str = ""


@dataclass(frozen=True)
class Content:
    """What one recipe key leads to.

    Attributes:
        kind: `files` count in their order, and with their endings, which say how they are read, whatever they are
            called; those of a `folder` by their names; so do `packages`, whose key says more than where they lie.
        path: For people: what the key says.
        files: What is read.
    """

    kind: Literal["files", "folder", "packages"]
    path: str
    files: tuple[FileContent, ...]

    @property
    def identity(self) -> object:
        """Equal for equal contents, wherever they lie."""
        if self.kind == "files":
            return tuple((_ending(file.name), file.sha256) for file in self.files)
        return frozenset((file.name, file.sha256) for file in self.files)

    def includes(self, other: "Content") -> bool:
        """Whether all files of another content are among these, wherever they lie and in whatever order."""
        own, others = (
            Counter((_ending(file.name), file.sha256) for file in each.files) for each in (self, other)
        )
        return others <= own

    def differences(self, before: "Content") -> list[str]:
        """What a person is told where another content was there before, a phrase for each file."""
        if len(self.files) == len(before.files) == 1 and self.files[0].name != before.files[0].name:
            (now,), (then,) = self.files, before.files
            return [f"{now.name} has {_size(now)}, {then.name} had {_size(then)} before"]
        old, new = ({file.name: file for file in content.files} for content in (before, self))
        phrases = [
            f"{name} has {_size(new[name])}, {_size(old[name])} before"
            for name in new.keys() & old.keys()
            if new[name].sha256 != old[name].sha256
        ]
        phrases += [f"{name} is new" for name in new.keys() - old.keys()]
        phrases += [f"{name} is gone" for name in old.keys() - new.keys()]
        return sorted(phrases) or ["the files come in another order"]


Contents = Mapping[str, Content]
"""What a run reads, by the recipe key that names it."""


def files_content(path: object, files: Sequence[Path], known: Content | None = None) -> Content:
    """The content of files whose order counts and whose names do not.

    Args:
        path: For people: what the recipe says.
        files: The files, in the order in which they are read.
        known: What was recorded before; saves hashing large files that carry the same mark.

    Raises:
        UserError: A file cannot be read.
    """
    return Content("files", str(path), _hash_all([(str(file), file) for file in files], known))


def folder_content(folder: Path, files: Iterable[Path], known: Content | None = None) -> Content:
    """The content of a folder: files whose names count.

    Args:
        folder: The folder.
        files: Those of its files that are read.
        known: As in `files_content`.

    Raises:
        UserError: A file cannot be read.
    """
    named = [(os.path.relpath(file, folder), file) for file in sorted(files)]
    return Content("folder", str(folder), _hash_all(named, known))


def dump_contents(contents: Contents) -> bytes:
    """What inputs.json holds: an object by key with `kind`, `path` and a list of files."""
    return (json.dumps({key: asdict(content) for key, content in contents.items()}, indent=1) + "\n").encode()


def read_contents(path: Path) -> dict[str, Content]:
    """Reads inputs.json; empty for a run from before that file existed.

    Raises:
        UserError: It cannot be read.
    """
    try:
        entries = read_json(path)
        return {
            key: Content(entry["kind"], entry["path"], tuple(FileContent(**file) for file in entry["files"]))
            for key, entry in entries.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        raise UserError(
            f"The record of a run's inputs must be readable. Received: {path}",
            "Remove it to continue without a comparison of the inputs.",
        ) from None


def _hash_all(files: Sequence[tuple[str, Path]], known: Content | None) -> tuple[FileContent, ...]:
    marks = {file.mark: file for file in known.files if file.mark} if known else {}
    return tuple(map_in_threads(lambda file: _hash(file[0], file[1], marks), files))


def _hash(name: str, path: Path, marks: Mapping[str, FileContent]) -> FileContent:
    try:
        status = path.stat()
        mark = _mark(status)
        if mark and mark in marks:
            return FileContent(name, status.st_size, marks[mark].sha256, mark)
        return FileContent(name, status.st_size, _sha256(path, status.st_mtime_ns, status.st_ctime_ns), mark)
    except OSError as error:
        raise UserError(
            f"An input must be readable. Received: {path} ({error.strerror})", "Check path and permissions."
        ) from error


def _mark(status: os.stat_result) -> str:
    settled = time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS
    if status.st_size < MARKED_BYTES or not settled:
        return ""
    numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join(map(str, numbers))


@lru_cache(maxsize=4096)
def _sha256(path: Path, modified: int, changed: int) -> str:
    """The hash of a file, once in a command for as long as its times stay."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ending(name: str) -> str:
    return "".join(
        Path(name).suffixes[-2:] if name.endswith((".gz", ".zst")) else Path(name).suffixes[-1:]
    ).lower()


def _size(file: FileContent) -> str:
    return f"{file.bytes:,} bytes (sha256 {file.sha256[:8]})"
