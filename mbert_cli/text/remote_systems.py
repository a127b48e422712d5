"""What reads a URL: fsspec with a library for each kind of URL, and what is said where that does not work."""

import re
from collections.abc import Mapping
from typing import Any

from mbert_cli.errors import UserError

LIBRARIES = {
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "s3": "s3fs",
    "s3a": "s3fs",
    "hf": "huggingface_hub",
    "http": "aiohttp",
    "https": "aiohttp",
    "az": "adlfs",
    "abfs": "adlfs",
}
"""What reads a kind of URL beside fsspec."""

_VERSIONS = (
    "etag", "ETag", "blob_id", "generation", "md5Hash", "Content-MD5", "mtime", "LastModified", "last_modified",
    "updated", "modified", "Last-Modified", "created",
)  # fmt: skip
"""What the file systems call that which changes when a file is written, the surest first."""


def file_system(url: str) -> tuple[Any, str]:
    """What reads a URL, and what the URL is called there.

    Raises:
        UserError: A library is missing, or there is none for such URLs.
    """
    scheme, mark, rest = url.partition("://")
    url = f"{scheme.lower()}{mark}{rest}"
    library = LIBRARIES.get(scheme.lower(), "")
    try:
        import fsspec
    except ImportError as error:
        needed = " ".join(["fsspec", *([library] if library else [])])
        raise _without_library(url, "fsspec", needed) from error
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        needed = library or _named_library(str(error))
        raise _without_library(url, needed, needed) from error
    except ValueError as error:
        raise UserError(
            f"A URL must be of a kind that fsspec knows. Received: {url} ({error})",
            f"The usual ones begin with {', '.join(f'{name}://' for name in ('gs', 's3', 'hf', 'https', 'file'))}.",
        ) from error
    except Exception as error:  # a library that finds no credentials says so in its own way
        raise unreachable(url, error) from error
    return system, path


def _named_library(reason: str) -> str:
    """The library that fsspec says it lacks: `SFTPFileSystem requires "paramiko" to be installed`."""
    quoted = re.search(r"""requires? ["']?([\w.-]+)""", reason)
    return quoted[1] if quoted else reason.removeprefix("Install ").split(" ")[0]


def size_and_version(details: Mapping[str, Any]) -> tuple[int | None, str]:
    """Size and version of a file, from what a file system knows of it; None and nothing where it knows neither."""
    size = details.get("size")
    version = next((f"{name}={details[name]}" for name in _VERSIONS if details.get(name)), "")
    return None if size is None else int(size), version


def _without_library(url: str, library: str, needed: str) -> UserError:
    return UserError(
        f"A URL needs the library that reads it, {library}. Received: {url} in an environment without it",
        f"pip install {needed}",
    )


def unreachable(url: str, error: Exception) -> UserError:
    """What is said of a URL that cannot be opened, from what its library said."""
    cause = (
        error.__cause__ or error
    )  # of web servers, all that goes wrong is told as a file that is not there
    if isinstance(cause, FileNotFoundError) or getattr(cause, "status", None) == 404:
        return UserError(
            f"A URL must lead to a file. Received: {url} (not found)",
            "Check the address; what is private may look as if it were not there.",
        )
    library = LIBRARIES.get(url.partition("://")[0].lower(), "")
    hint = "Check the address and the network."
    if library and library != "aiohttp":
        hint = f"Check address, network and credentials, which {library} looks for in its usual places."
    return UserError(f"A URL must be readable. Received: {url} ({reason_of(cause)})", hint)


def reason_of(error: BaseException) -> str:
    """The first line of what a library says, or at least what kind of error it is."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
