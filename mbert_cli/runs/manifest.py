"""Directories that are complete or absent: written beside, synced, hashed, renamed."""

import ctypes
import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mbert_cli.errors import RunError, UserError
from mbert_cli.json_text import json_bytes, read_json
from mbert_cli.threads import map_in_threads

MANIFEST = "manifest.json"


_NO_ROOM = {
    errno.ENOSPC: "a full disk",
    errno.EDQUOT: "a quota that is used up",
    errno.EFBIG: "a limit on the size of files",
}
"""Why nothing more can be written, by the number of the error."""


def write_directory(
    target: Path, writer: Callable[[Path], None], *, replace: bool = False, keeps_replaced: bool = False
) -> Path | None:
    """Writes a directory that exists under its name only when it is complete.

    Args:
        target: The directory to write. Its parent is made if needed.
        writer: Called with an empty directory beside `target`, which it fills.
        replace: Take the place of a directory that has this name already. It stands until the new one is complete,
            and goes once the new one has its name. Both change names in one step where the system can do that.
        keeps_replaced: Whether that one is moved aside, and not removed.

    Returns:
        Where it is then.

    Raises:
        UserError: `target` exists and `replace` is false.
        RunError: The disk has no room, or lets this user have none.
    """
    if target.exists() and not replace:
        raise UserError(f"A finished directory is never overwritten. Received: {target}", "Use another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent, glob.escape(target.name))
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    partial.mkdir()
    try:
        writer(partial)
        _seal(partial)
        replaced = _take_name(partial, target, keeps_replaced)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise RunError(
                f"The disk must have room for what is written. Received: {_NO_ROOM[error.errno]} at {target}",
                "Free space there and run the same command again.",
            ) from error
        raise
    sync_path(target.parent)
    if replaced is not None and not keeps_replaced:
        shutil.rmtree(replaced, ignore_errors=True)
    return replaced if keeps_replaced else None


def other_files(path: Path) -> list[str]:
    """Files of a directory that `write_directory` did not write: those that its manifest lacks or has otherwise."""
    try:
        known = read_manifest(path)["files"]
    except UserError:
        known = {}
    names = sorted({*_file_names(path)} - {MANIFEST})
    return [name for name in names if name not in known or _damage(path / name, known[name])]


def verify_directory(path: Path, *, names: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
    """Compares a directory with its manifest.

    Args:
        path: A directory that `write_directory` wrote.
        names: The files that are compared, where the manifest has them; None compares all.

    Returns:
        Size and hash of every file, by name, as the manifest has them.

    Raises:
        UserError: Names every file that is missing, truncated or altered.
    """
    files: dict[str, dict[str, Any]] = read_manifest(path)["files"]
    chosen = [name for name in files if names is None or name in names]
    damages = map_in_threads(lambda name: _damage(path / name, files[name]), chosen)
    found = [f"{name} {damage}" for name, damage in zip(chosen, damages, strict=True) if damage]
    if found:
        raise _damaged(path, ", ".join(found))
    return files


def read_manifest(path: Path) -> dict[str, Any]:
    """Returns the manifest of a directory: `format`, `completed` (ISO 8601, UTC) and `files`.

    Raises:
        UserError: There is no manifest, or it cannot be read.
    """
    try:
        manifest = read_json(path / MANIFEST)
        return {"completed": manifest["completed"], "files": dict(manifest["files"])}
    except FileNotFoundError:
        raise _damaged(path, f"{MANIFEST} is missing") from None
    except (ValueError, KeyError, TypeError, OSError):
        raise _damaged(path, f"{MANIFEST} cannot be read") from None


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file that holds either its old or its new content, whatever happens.

    Raises:
        OSError: It cannot be written; the error names `path`, and nothing lies beside it.
    """

    def write(partial: Path) -> None:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    write_whole_file(path, write)


def replace_sealed(path: Path, data: bytes) -> None:
    """Replaces a file of a directory that `write_directory` wrote, in its manifest too; raises as `replace_file`."""
    manifest = read_json(path.parent / MANIFEST)
    replace_file(path, data)
    manifest["files"][path.name] = _measure_and_sync(path)
    replace_object(path.parent / MANIFEST, manifest)


def write_whole_file(path: Path, writer: Callable[[Path], None]) -> None:
    """Lets a function write a file, which takes its name only when it is whole.

    Args:
        path: The file; its folder must exist.
        writer: Called with a path beside it, where it writes the file.

    Raises:
        OSError: As `replace_file`.
    """
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        remove_leftovers(path.parent, glob.escape(path.name))
        writer(partial)
        os.replace(partial, path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):  # a full disk names no file, the others that of the part
            error.filename, error.filename2 = str(path), None
        raise
    sync_path(path.parent)


def replace_object(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON object into a file; whole or not at all, and raises, as `replace_file`."""
    replace_file(path, json_bytes(content))


def move_aside(path: Path, target: Path | None = None) -> Path:
    """Renames `path` to `<target>.old-<n>`, with the first n above those in use, and returns the new path.

    Args:
        path: A file or a directory.
        target: The name that it had; None where it has it still.
    """
    target = target or path
    used = [
        other.name.rpartition("-")[2] for other in target.parent.glob(f"{glob.escape(target.name)}.old-*")
    ]
    number = max((int(text) for text in used if text.isdecimal()), default=0) + 1
    aside = target.with_name(f"{target.name}.old-{number}")
    os.rename(path, aside)
    return aside


def put_back(target: Path) -> None:
    """Gives a directory its name back that was moved aside for another one which never came.

    Only the owner of `target` may call this: a live process is between both steps for an instant.
    """
    asides = list(target.parent.glob(f"{glob.escape(target.name)}.old-*"))
    if asides and not target.exists():
        os.rename(max(asides, key=lambda path: int(path.name.rpartition("-")[2])), target)


def is_partial(path: Path) -> bool:
    """Whether the name is one that `write_directory` gives to what it has not finished."""
    return path.name.rpartition("-")[0].endswith(".partial")


def sync_path(path: Path) -> None:
    """Makes the content of a file durable, or renames inside a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_name(new: Path, target: Path, keeps_replaced: bool) -> Path | None:
    """Renames `new` to `target`; returns where the directory lies that had the name, or None if there was none."""
    if not target.exists():
        os.rename(new, target)
        return None
    if keeps_replaced:
        # After an exchange the old one has the name of the new one, and what is called partial is removed as a
        # leftover if this process is killed then.
        new = move_aside(new, target)
    if _exchange(new, target):
        return new
    replaced = move_aside(target)
    os.rename(new, target)
    return replaced


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two names in one step, so that there is no instant without either; false where the system cannot."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux, or a Linux from before 2018
        return False
    here = -100  # AT_FDCWD: relative paths are those of this process
    return bool(swap(here, os.fsencode(one), here, os.fsencode(other), 2) == 0)  # RENAME_EXCHANGE


def _seal(directory: Path) -> None:
    """Syncs every file, writes the manifest, then syncs every folder."""
    names = sorted(_file_names(directory))
    entries = map_in_threads(lambda name: _measure_and_sync(directory / name), names)
    completed = datetime.now(UTC).isoformat(timespec="microseconds")
    manifest = {"format": 1, "completed": completed, "files": dict(zip(names, entries, strict=True))}
    replace_object(directory / MANIFEST, manifest)
    for folder, _, _ in os.walk(directory):
        sync_path(Path(folder))


def _file_names(directory: Path) -> Iterator[str]:
    for folder, _, names in os.walk(directory):
        yield from ((Path(folder) / name).relative_to(directory).as_posix() for name in names)


def _measure_and_sync(path: Path) -> dict[str, object]:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}


def _damage(path: Path, entry: dict[str, Any]) -> str:
    """Returns what is wrong with one file, or an empty string."""
    try:
        size = path.stat().st_size
        if size < entry["bytes"]:
            return f"is truncated ({size} of {entry['bytes']} bytes)"
        if size > entry["bytes"]:
            return "was altered"
        with open(path, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
                return "was altered"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return ""


def _damaged(path: Path, damages: str) -> UserError:
    return UserError(
        f"A directory must match its {MANIFEST}. Received: {path}, where {damages}",
        f"Restore it from a copy, or rename {path} and run the command that wrote it again.",
    )


def remove_leftovers(folder: Path, names: str) -> None:
    """Removes what dead processes left unfinished; a live process may still be writing its own.

    Args:
        folder: Where it lies.
        names: Of what was to be written, as a pattern.
    """
    for leftover in folder.glob(f"{names}.partial-*"):
        process = leftover.name.removesuffix(".partial").rpartition("-")[2]  # that of a part within, too
        if process.isdecimal() and (int(process) == os.getpid() or not _is_alive(int(process))):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
