"""Files that can be made again, kept from one command to the next: the least recently used ones go."""

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from mbert_cli.runs.manifest import write_whole_file


def keep_file(path: Path, writer: Callable[[Path], None], most_bytes: float) -> None:
    """Writes a file beside others of its kind, and removes the least recently used of them when there are too many.

    Args:
        path: The file; its folder is made if needed. Files with the same ending are of its kind.
        writer: Called with a path beside it, where it writes the file.
        most_bytes: Most that all of them take; the newest stays, whatever its size.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole_file(path, writer)
    statuses = {entry: entry.stat() for entry in path.parent.glob(f"*{path.suffix}")}
    kept = sorted(statuses, key=lambda entry: statuses[entry].st_mtime, reverse=True)
    sizes = list(accumulate(statuses[entry].st_size for entry in kept))
    for entry in (entry for entry, size in zip(kept[1:], sizes[1:], strict=True) if size > most_bytes):
        entry.unlink(missing_ok=True)
