"""Files that are kept from one command to the next."""

import os
from pathlib import Path

import pytest

from mbert_cli.runs.cached_files import keep_file

FOLDER = Path("caches/kind")


def keep(name: str, size: int, most: float = 1000) -> None:
    keep_file(FOLDER / name, lambda path: path.write_bytes(b"x" * size), most)


def names() -> set[str]:
    return {file.name for file in FOLDER.iterdir()}


def test_the_least_recently_used_go_and_the_newest_stays_whatever_its_size():
    keep("old.npz", 400)
    keep("older.npz", 400)
    keep("other.txt", 400)
    os.utime(FOLDER / "old.npz", (2, 2))
    os.utime(FOLDER / "older.npz", (1, 1))
    keep("new.npz", 400)
    assert names() == {"new.npz", "old.npz", "other.txt"}
    keep("large.npz", 4000)
    assert names() == {"large.npz", "other.txt"}


def test_a_writer_that_fails_leaves_nothing():
    def fail(path: Path) -> None:
        path.write_text("part")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        keep_file(FOLDER / "file.npz", fail, 1000)
    assert names() == set()
