"""One process owns a run: a lock that the system gives back when the process dies."""

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json

LOCK = "lock"
_ATTEMPTS = 5

_held: set[int] = set()


def _close_in_child() -> None:
    # A forked worker that outlives its parent would otherwise keep the run locked.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock."""

    process: int
    host: str
    started: datetime

    def __str__(self) -> str:
        started = self.started.astimezone()
        today = started.date() == datetime.now().astimezone().date()
        when = started.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.process}{where} since {when}"


class Lock:
    """Exclusive ownership of a directory, by `flock` on the file `lock` inside it.

    Args:
        directory: An existing directory.

    Raises:
        UserError: A live process owns the directory; says which, and since when.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK
        self._descriptor = self._acquire(directory)
        _held.add(self._descriptor)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        owner = {"process": os.getpid(), "host": socket.gethostname(), "started": started}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, (json.dumps(owner) + "\n").encode(), 0)

    def _acquire(self, directory: Path) -> int:
        # `mbert runs` holds a lock for an instant while it looks; hence more than one attempt.
        for attempt in range(_ATTEMPTS):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                time.sleep(0.02 * attempt)
                continue
            if self._is_still_the_file(descriptor):
                return descriptor
            os.close(descriptor)
        raise UserError(
            f"{directory} is in use by {read_owner(directory) or 'another process'}.",
            "Wait for it, or use another directory with `--run DIR`.",
        )

    def _is_still_the_file(self, descriptor: int) -> bool:
        """Whether the name still leads to the locked file: its owner removes it when it is done."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Gives the directory back; does nothing the second time."""
        # A forked child has no descriptor of its own, and must not end its parent's lock.
        if self._descriptor not in _held:
            return
        if self._is_still_the_file(self._descriptor):
            self._path.unlink()
        _held.discard(self._descriptor)
        os.close(self._descriptor)

    def follow(self, directory: Path) -> None:
        """Tells the lock that its directory was renamed."""
        self._path = directory / LOCK


def is_locked(directory: Path) -> bool:
    """Whether a live process owns the directory."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_owner(directory: Path) -> Owner | None:
    """Returns who wrote the lock file, or None when there is none or it cannot be read."""
    try:
        fields = read_json(directory / LOCK)
        return Owner(fields["process"], fields["host"], datetime.fromisoformat(fields["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
