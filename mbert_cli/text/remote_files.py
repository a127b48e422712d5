"""Files behind a URL, through fsspec: found by pattern, and read to their end where a connection breaks on the way.

Each kind of URL needs a library, which also knows who is asking: credentials are its business alone.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from mbert_cli.errors import UserError
from mbert_cli.text.remote_reading import ResumingReader
from mbert_cli.text.remote_systems import file_system, size_and_version, unreachable

LOCAL = "file://"
"""What URLs of this machine begin with."""

_BUFFER_BYTES = 2**18
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True)
class RemoteFile:
    """A file behind a URL, read as a `Path` is.

    Attributes:
        url: Where it lies.
        size: Its bytes; None where the server does not say.
        version: Another one whenever the file is written, such as an ETag; empty where the server does not say.
    """

    url: str
    size: int | None = field(default=None, compare=False)
    version: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.url

    @cached_property
    def name(self) -> str:
        """The last part of its path; on the web without a query."""
        is_web = self.url.lower().startswith("http")
        path = unquote(urlsplit(self.url).path) if is_web else self.url.partition("://")[2]
        return PurePosixPath(path).name

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.name).suffix

    def open(self, mode: str = "rb") -> BinaryIO:
        """Opens it for reading bytes.

        Raises:
            UserError: It cannot be read; later also, where it cannot be read to its end.
        """
        return io.BufferedReader(ResumingReader(self.url, self.size, self.version), _BUFFER_BYTES)

    @cached_property
    def has_ranges(self) -> bool:
        """Whether a part of it can be read without what comes before."""
        if self.size is None or not self.url.lower().startswith("http"):
            return self.size is not None
        system, path = file_system(self.url)
        try:
            with system.open(path, "rb", block_size=_BUFFER_BYTES, cache_type="none") as file:
                file.seek(self.size // 2)
                file.read(1)
        except Exception:  # noqa: BLE001 - reading it from its beginning says what is wrong
            return False
        return True


InputFile = Path | RemoteFile
"""A file that is read, wherever it lies."""


def size_of(file: InputFile) -> int:
    """Bytes of a file; 0 where that is not known beforehand."""
    return (file.size or 0) if isinstance(file, RemoteFile) else file.stat().st_size


def is_url(pattern: str) -> bool:
    """Whether a pattern is a URL; a letter before a colon is a drive."""
    return bool(_URL.match(pattern))


def local_pattern(pattern: str) -> str:
    """A pattern without what says that it is of this machine."""
    return unquote(pattern.removeprefix(LOCAL)) if pattern.startswith(LOCAL) else pattern


@lru_cache
def match_remote_files(pattern: str) -> tuple[RemoteFile, ...]:
    """The files that a URL leads to, or that match it, sorted; none where a pattern matches none.

    They are looked for once, until `forget_remote_files`, so that a command sees the same ones from end to end.

    Args:
        pattern: A URL; ** crosses folders. A ? begins a query in https://, and stands for one letter elsewhere.

    Raises:
        UserError: A library is missing; there is no such file, or no access to it.
    """
    system, path = file_system(pattern)
    try:
        if not _has_magic(pattern):
            return (_remote_file(system.unstrip_protocol(path), system.info(path)),)
        found: Mapping[str, Any] = system.glob(path, detail=True)
        return tuple(
            _remote_file(system.unstrip_protocol(name), _completed(system, name, details))
            for name, details in sorted(found.items())
            if details.get("type", "file") == "file"
        )
    except UserError:
        raise
    except Exception as error:  # each library has errors of its own
        raise unreachable(pattern, error) from error


def forget_remote_files() -> None:
    """Lets the next look find what is there then."""
    match_remote_files.cache_clear()


def _completed(system: Any, name: str, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of a file; a listing may know less than a look at the file itself."""
    size, version = size_and_version(details)
    if version and size is not None:
        return details
    found: Mapping[str, Any] = system.info(name)
    return found


def _remote_file(url: str, details: Mapping[str, Any]) -> RemoteFile:
    if details.get("type", "file") != "file":
        raise UserError(
            f"A URL must lead to a file. Received: {url}, a folder",
            f"Name its files: {url.removesuffix('/')}/*",
        )
    return RemoteFile(url, *size_and_version(details))


def _has_magic(pattern: str) -> bool:
    """Whether a URL stands for several files."""
    scheme = pattern.partition("://")[0].lower()
    return any(mark in pattern for mark in ("*[" if scheme in ("http", "https") else "*?["))
