"""How much is on a disk and how much is free."""

import os
import shutil
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.home import nearest_folder


def require_disk(path: Path, bytes_needed: int) -> None:
    """Checks that the disk of `path`, which need not exist yet, has room.

    Raises:
        UserError: With what is needed and what is free.
    """
    free = shutil.disk_usage(nearest_folder(path)).free
    if free < bytes_needed:
        raise UserError(
            f"The disk must have {format_bytes(bytes_needed)} free to write {path}. "
            f"Received: {format_bytes(free)}",
            "Free space there, or write to another disk with `--run DIR`.",
        )


def checkpoint_bytes(parameters: int, keep: int, *, accumulates: bool = False) -> int:
    """Returns what the checkpoints of a run need at most.

    That is weights and two moments for each that is kept and for one more while it is written, and the
    weights of two best validations or of the result.

    Args:
        parameters: Of what trains.
        keep: Checkpoints that are kept.
        accumulates: Whether gradients of several steps are averaged; a checkpoint then holds their sums too.
    """
    return 4 * parameters * ((3 + accumulates) * (keep + 1) + 2)


def directory_bytes(path: Path) -> int:
    """Returns the bytes of all files below a directory; files that vanish meanwhile count 0."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return total


def format_bytes(size_bytes: int) -> str:
    """Returns a size in decimal units with three digits, such as "24.6 MB"."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):  # noqa: B007 - used behind the loop
        if size < 999.5:
            break
        size /= 1000
    else:
        unit = "TB"
    if unit == "B":
        return f"{size:.0f} B"
    return f"{size:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f} {unit}"
