"""Sizes and room on disks."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.runs.disk import checkpoint_bytes, directory_bytes, format_bytes, require_disk


def test_sizes_have_three_digits_and_decimal_units() -> None:
    sizes = [0, 999, 1000, 9_994, 9_996, 99_960, 999_400, 999_500, 24_581_888, 12_000_000_000, 5 * 10**15]
    assert [format_bytes(size) for size in sizes] == [
        "0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "100 kB", "999 kB", "1.00 MB", "24.6 MB", "12.0 GB",
        "5000 TB",
    ]  # fmt: skip


def test_a_directory_counts_all_files_below_it(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/one").write_bytes(b"1")
    (tmp_path / "a/b/two").write_bytes(b"22")
    assert directory_bytes(tmp_path) == 3
    assert directory_bytes(tmp_path / "nowhere") == 0


def test_a_disk_without_room_is_refused_with_both_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 0, 320_000_000))
    with pytest.raises(UserError) as caught:
        require_disk(Path("runs/x/final"), 12_000_000_000)
    assert caught.value.message == ("The disk must have 12.0 GB free to write runs/x/final. Received: 320 MB")
    assert caught.value.hint == "Free space there, or write to another disk with `--run DIR`."


def test_a_disk_with_room_is_taken_for_folders_that_do_not_exist_yet(tmp_path: Path) -> None:
    require_disk(tmp_path / "a/b/c", 1)


def test_checkpoints_hold_weights_and_two_moments() -> None:
    # 12 bytes a parameter in each of 2 + 1 checkpoints, 4 in each of two best weights
    assert checkpoint_bytes(1000, keep=2) == 1000 * (12 * 3 + 4 * 2)
    assert checkpoint_bytes(1000, keep=2, accumulates=True) == 1000 * (16 * 3 + 4 * 2)
