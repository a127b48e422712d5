"""The folder of all recordings of what teachers say: where it is, and what goes when there are too many."""

import fcntl
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.distill.teacher_outputs import OUTPUTS_FILE, refused_folder
from mbert_cli.home import own_cache
from mbert_cli.runs.disk import directory_bytes


@dataclass(frozen=True)
class Recording:
    """A recording of ours.

    Attributes:
        path: Its folder.
        size_bytes: All of its files.
        used: When it was opened last, in seconds.
    """

    path: Path
    size_bytes: int
    used: float


def usual_folder() -> Path | None:
    """Where recordings lie: `mbert/teacher-outputs` in the user's folder for caches; None where there is none."""
    return own_cache("teacher-outputs")


def recordings_folder(named: str | None) -> Path | None:
    """Where a recipe keeps recordings: in the folder that it names, else in the usual one; None where there is none.

    A name that begins with `~` is one in the home directory, as it is in `task.data_dir`: the folder need not exist,
    so that one called `~` would be made in silence.

    Raises:
        UserError: Nothing can be written there.
    """
    folder = Path(os.path.expanduser(named)) if named is not None else usual_folder()
    place = folder.absolute() if folder else None
    while place and not place.exists():
        place = place.parent
    if place and not (place.is_dir() and os.access(place, os.W_OK)):
        reason = "Permission denied" if place.is_dir() else f"{place} is no folder"
        raise refused_folder(folder or place, reason)
    return folder


def list_recordings(folder: Path) -> list[Recording]:
    """The recordings in a folder, the one that was used longest ago first; nothing else there counts."""
    found = []
    for file in folder.glob(f"*/{OUTPUTS_FILE}"):
        with suppress(FileNotFoundError):  # another process removes it
            found.append(Recording(file.parent, directory_bytes(file.parent), file.stat().st_mtime))
    return sorted(found, key=lambda recording: (recording.used, recording.path.name))


def make_room(folder: Path, needed: int, budget: int, keep: Path) -> list[Recording]:
    """Removes recordings, the one that was used longest ago first, until all of them fit into a budget.

    One that a process has open stays, and one whose few bytes need not go when others have gone.

    Args:
        folder: Where they lie.
        needed: Bytes of the recording that is to be made, or that is there and kept.
        budget: Bytes that all of them may take.
        keep: The folder of that recording.

    Returns:
        What was removed.
    """
    others = [recording for recording in list_recordings(folder) if recording.path != keep]
    total = needed + sum(recording.size_bytes for recording in others)
    removed = []
    for recording in _superfluous(others, total - budget) + others:
        if total > budget and recording not in removed and _remove(recording.path):
            total -= recording.size_bytes
            removed.append(recording)
    return removed


def _superfluous(recordings: Sequence[Recording], excess: int) -> list[Recording]:
    """The first recordings that take some bytes together, without those that can stay all the same.

    A small one took its teacher as long as a large one, and frees nothing.
    """
    chosen: list[Recording] = []
    for recording in recordings:
        if excess > 0:
            chosen.append(recording)
            excess -= recording.size_bytes
    for recording in reversed(chosen[:]):
        if excess + recording.size_bytes <= 0:
            chosen.remove(recording)
            excess += recording.size_bytes
    return chosen


def _remove(path: Path) -> bool:
    """Removes a recording that nobody has open; its description goes last, so that it is found until it is gone."""
    file = path / OUTPUTS_FILE
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for part in path.glob("part-*"):
            shutil.rmtree(part, ignore_errors=True)
        file.unlink()
        path.rmdir()
    except OSError:  # in use, or something of somebody else lies there
        return not file.exists()
    finally:
        os.close(descriptor)
    return True
