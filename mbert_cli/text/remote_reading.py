"""The bytes of a remote file, read to their end where a connection breaks on the way."""

import io
import time
from contextlib import suppress
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.text.remote_systems import file_system, reason_of, size_and_version, unreachable

ATTEMPTS = 5
"""How often reading goes on after a failure at one place."""

WAIT_SECONDS = 1.0
"""Before the first attempt after a failure; twice as long before each further one."""

_BLOCK_BYTES = 2**23
"""Bytes of a request to a bucket."""

_WEB_BLOCK_BYTES = 2**20
"""Bytes of a request for a range of a file on the web: what arrives of a request that breaks is lost."""


class ResumingReader(io.RawIOBase):
    """The bytes of a remote file; where reading fails it goes on at the same place, several times.

    Args:
        url: Where it lies.
        size: Its bytes; None where that is not known.
        version: Another one whenever it is written.

    Raises:
        UserError: It cannot be opened.
    """

    def __init__(self, url: str, size: int | None, version: str) -> None:
        self._url, self._size, self._version = url, size, version
        self._offset = 0
        self._has_ranges = True
        self._is_web = url.lower().startswith("http")
        self._opened: Any = None
        try:
            self._open()
        except UserError:
            raise
        except Exception as error:  # each library has errors of its own
            raise unreachable(url, error) from error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._size is not None

    def tell(self) -> int:
        return self._offset

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self._size or 0}[whence]
        self._offset = start + offset
        return self._offset

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        self._offset += len(data)
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, count: int) -> bytes:
        size = self._size
        if size is not None and self._offset >= size:
            return b""
        failure: Exception | None = None
        for attempt in range(ATTEMPTS + 1):
            if attempt:
                time.sleep(WAIT_SECONDS * 2 ** (attempt - 1))
            try:
                data = self._read_once(count)
                if data or size is None:
                    return data
                failure = OSError(f"the connection ended {counted(size - self._offset, 'byte')} early")
            except UserError:
                raise
            except Exception as error:  # noqa: BLE001 - each library has errors of its own
                failure = error
            self._drop()
        raise UserError(
            f"A remote file must be readable to its end. Received: {self._url} at offset {self._offset:,} "
            f"({reason_of(failure or OSError())})",
            "Run the same command again when the connection is better.",
        ) from failure

    def _read_once(self, count: int) -> bytes:
        if self._opened is None:
            self._require_same()
            self._open()
        if self._opened.tell() != self._offset:
            self._move()
        try:
            return bytes(self._opened.read(count))
        except ValueError:
            if self._is_stream or not self._is_web:
                raise
        self._has_ranges = False  # this server sends files from their beginning alone
        self._open()
        self._move()
        return bytes(self._opened.read(count))

    def _move(self) -> None:
        """Goes to the place that is wanted; of a stream, what comes before it is passed over."""
        if self._is_stream and (self._has_ranges or self._opened.tell() > self._offset):
            self._open()
        if not self._is_stream:
            self._opened.seek(self._offset)
            return
        while (left := self._offset - self._opened.tell()) > 0:
            if not self._opened.read(min(_BLOCK_BYTES, left)):
                raise OSError("the connection ended early")

    def _open(self) -> None:
        """Opens the file: as a stream, which is one request, where the web is read from the beginning."""
        self._drop()
        system, path = file_system(self._url)
        self._is_stream = self._is_web and not (self._offset and self._has_ranges)
        range_bytes = _WEB_BLOCK_BYTES if self._is_web else _BLOCK_BYTES
        self._opened = system.open(path, "rb", block_size=0 if self._is_stream else range_bytes)

    def _require_same(self) -> None:
        """Checks before reading goes on that the file is the one that was begun."""
        system, path = file_system(self._url)
        system.invalidate_cache()
        if size_and_version(system.info(path)) != (self._size, self._version):
            raise UserError(
                "A remote file must stay as it is while it is read. "
                f"Received: another {self._url} at offset {self._offset:,}",
                "Run the same command again.",
            )

    def _drop(self) -> None:
        if self._opened is not None:
            with suppress(Exception):  # of a connection that is broken
                self._opened.close()
        self._opened = None
