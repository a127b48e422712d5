"""Directories that are complete or absent."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.runs import manifest
from mbert_cli.runs.manifest import (
    other_files,
    put_back,
    read_manifest,
    replace_file,
    replace_object,
    verify_directory,
    write_directory,
)

DEAD = 999_999_999  # above every system's largest process number


def fill(folder: Path) -> None:
    (folder / "ids").mkdir()
    (folder / "ids/train.bin").write_bytes(b"12345678")
    (folder / "vocab.txt").write_bytes(b"[PAD]\n")


def names(path: Path) -> list[str]:
    return sorted(item.name for item in path.iterdir())


def test_the_manifest_has_size_and_hash_of_every_file() -> None:
    write_directory(Path("runs/store"), fill)
    content = json.loads(Path("runs/store/manifest.json").read_text())
    assert content["files"] == {
        "ids/train.bin": {"bytes": 8, "sha256": hashlib.sha256(b"12345678").hexdigest()},
        "vocab.txt": {"bytes": 6, "sha256": hashlib.sha256(b"[PAD]\n").hexdigest()},
    }
    assert read_manifest(Path("runs/store"))["completed"] == content["completed"]
    verify_directory(Path("runs/store"))
    assert names(Path("runs")) == ["store"]


def test_a_writer_that_fails_leaves_nothing() -> None:
    def stop(folder: Path) -> None:
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_directory(Path("store"), stop)
    assert names(Path()) == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "a full disk"),
        (errno.EDQUOT, "a quota that is used up"),
        (errno.EFBIG, "a limit on the size of files"),
    ],
)
def test_a_disk_without_room_leaves_nothing_and_is_named(number: int, reason: str) -> None:
    def stop(folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(RunError) as caught:
        write_directory(Path("store"), stop)
    assert caught.value.message == (
        f"The disk must have room for what is written. Received: {reason} at store"
    )
    assert caught.value.hint == "Free space there and run the same command again."
    assert names(Path()) == []


def test_a_file_on_a_full_disk_stays_as_it_was_and_is_named(monkeypatch) -> None:
    def stop(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    Path("page.md").write_text("before")
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(OSError, match="No space left on device") as caught:
        replace_file(Path("page.md"), b"after")
    assert caught.value.filename == "page.md"
    assert names(Path()) == ["page.md"]
    assert Path("page.md").read_text() == "before"


def test_a_directory_is_not_there_while_it_is_written() -> None:
    def look(folder: Path) -> None:
        assert folder == Path(f"store.partial-{os.getpid()}")
        assert not Path("store").exists()

    write_directory(Path("store"), look)
    assert names(Path("store")) == ["manifest.json"]


def test_leftovers_of_dead_processes_are_removed_and_those_of_live_ones_stay() -> None:
    live = f"store.partial-{os.getppid()}"
    for name in (
        f"store.partial-{DEAD}",
        f"store.partial-{os.getpid()}",
        live,
        "other.partial-1",
        "store.partial-x",
    ):
        Path(name).mkdir()
    write_directory(Path("store"), fill)
    assert names(Path()) == sorted(["other.partial-1", "store", live, "store.partial-x"])


def test_a_finished_directory_is_not_overwritten() -> None:
    write_directory(Path("store"), fill)
    with pytest.raises(UserError) as caught:
        write_directory(Path("store"), fill)
    assert caught.value.message == "A finished directory is never overwritten. Received: store"
    assert caught.value.hint == "Use another name."


def test_a_replaced_directory_stands_until_the_new_one_is_complete_and_then_goes() -> None:
    write_directory(Path("store"), fill)

    def look(folder: Path) -> None:
        assert names(Path("store")) == ["ids", "manifest.json", "vocab.txt"]

    write_directory(Path("store"), look, replace=True)
    assert names(Path()) == ["store"]
    assert names(Path("store")) == ["manifest.json"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_replaced_directory_can_be_kept_under_another_name(can_exchange, monkeypatch) -> None:
    if not can_exchange:
        monkeypatch.setattr(manifest, "_exchange", lambda one, other: False)
    assert write_directory(Path("store"), fill, replace=True, keeps_replaced=True) is None
    kept = write_directory(Path("store"), lambda folder: None, replace=True, keeps_replaced=True)
    assert kept == Path("store.old-1" if can_exchange else "store.old-2")
    assert names(Path()) == ["store", kept.name]
    assert names(kept) == ["ids", "manifest.json", "vocab.txt"]


def test_a_process_that_is_killed_while_names_change_loses_nothing_that_is_kept(monkeypatch) -> None:
    write_directory(Path("store"), fill)
    exchange = manifest._exchange

    def exchange_and_die(one: Path, other: Path) -> bool:
        exchange(one, other)
        raise SystemExit

    monkeypatch.setattr(manifest, "_exchange", exchange_and_die)
    with pytest.raises(SystemExit):
        write_directory(Path("store"), lambda folder: None, replace=True, keeps_replaced=True)
    manifest.remove_leftovers(Path(), "store")
    assert names(Path()) == ["store", "store.old-1"]
    assert names(Path("store.old-1")) == ["ids", "manifest.json", "vocab.txt"]


def test_what_a_person_added_or_changed_is_told_from_what_was_written() -> None:
    write_directory(Path("store"), fill)
    assert other_files(Path("store")) == []
    Path("store/ids/mine.txt").write_text("mine")
    Path("store/vocab.txt").write_text("[pad]\n")
    assert other_files(Path("store")) == ["ids/mine.txt", "vocab.txt"]


def test_only_the_files_that_are_named_are_compared() -> None:
    write_directory(Path("store"), fill)
    Path("store/vocab.txt").write_text("[UNK]\n")
    verify_directory(Path("store"), names=["ids/train.bin", "nothing"])
    with pytest.raises(UserError, match=r"where vocab\.txt was altered"):
        verify_directory(Path("store"), names=["vocab.txt"])


def test_a_directory_whose_replacement_fails_stays() -> None:
    write_directory(Path("store"), fill)

    def fail(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_directory(Path("store"), fail, replace=True)
    assert names(Path()) == ["store"]
    assert names(Path("store")) == ["ids", "manifest.json", "vocab.txt"]


def test_every_damage_is_named() -> None:
    write_directory(Path("store"), fill)
    Path("store/ids/train.bin").write_bytes(b"1234")
    Path("store/vocab.txt").unlink()
    with pytest.raises(UserError) as caught:
        verify_directory(Path("store"))
    assert caught.value.message == (
        "A directory must match its manifest.json. Received: store, "
        "where ids/train.bin is truncated (4 of 8 bytes), vocab.txt is missing"
    )
    assert (
        caught.value.hint
        == "Restore it from a copy, or rename store and run the command that wrote it again."
    )


def test_one_changed_byte_is_found_by_the_hash() -> None:
    write_directory(Path("store"), fill)
    Path("store/ids/train.bin").write_bytes(b"12345679")
    with pytest.raises(UserError) as caught:
        verify_directory(Path("store"))
    assert caught.value.message == (
        "A directory must match its manifest.json. Received: store, where ids/train.bin was altered"
    )


def test_an_appended_byte_is_an_alteration() -> None:
    write_directory(Path("store"), fill)
    Path("store/vocab.txt").write_bytes(b"[PAD]\n\n")
    with pytest.raises(UserError) as caught:
        verify_directory(Path("store"))
    assert caught.value.message == (
        "A directory must match its manifest.json. Received: store, where vocab.txt was altered"
    )


@pytest.mark.parametrize(
    ("content", "damage"), [(None, "is missing"), ("{", "cannot be read"), ("[]", "cannot be read")]
)
def test_a_damaged_manifest_is_named(content: str | None, damage: str) -> None:
    write_directory(Path("store"), fill)
    Path("store/manifest.json").unlink()
    if content is not None:
        Path("store/manifest.json").write_text(content)
    with pytest.raises(UserError) as caught:
        verify_directory(Path("store"))
    assert caught.value.message == (
        f"A directory must match its manifest.json. Received: store, where manifest.json {damage}"
    )


def test_a_replaced_file_has_its_new_content_and_no_leftovers() -> None:
    Path(f"log.jsonl.partial-{DEAD}").touch()
    replace_file(Path("log.jsonl"), b"old")
    replace_file(Path("log.jsonl"), b"new")
    assert names(Path()) == ["log.jsonl"]
    assert Path("log.jsonl").read_bytes() == b"new"


def test_an_object_is_written_whatever_its_texts_hold() -> None:
    content = {"path": "caf\udce9", "label": "é"}
    replace_object(Path("x.json"), content)
    text = Path("x.json").read_text(encoding="utf-8")
    assert text == '{\n  "path": "caf\\udce9",\n  "label": "é"\n}\n'
    assert json.loads(text) == content


def test_a_directory_that_is_replaced_is_there_at_every_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    write_directory(Path("store"), fill)
    renamed = []
    monkeypatch.setattr(os, "rename", lambda old, new: renamed.append((old, new)))
    write_directory(Path("store"), lambda folder: (folder / "new").touch(), replace=True)
    assert (names(Path()), names(Path("store"))) == (["store"], ["manifest.json", "new"])
    assert renamed == []  # the names were exchanged in one step


def test_where_names_cannot_be_exchanged_the_old_directory_is_moved_aside_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(manifest, "_exchange", lambda one, other: False)
    write_directory(Path("store"), fill)
    write_directory(Path("store"), lambda folder: (folder / "new").touch(), replace=True)
    assert (names(Path()), names(Path("store"))) == (["store"], ["manifest.json", "new"])


def test_of_directories_that_were_moved_aside_the_last_is_put_back() -> None:
    for number in (9, 10):
        Path(f"store.old-{number}").mkdir()
        Path(f"store.old-{number}", f"{number}").touch()
    put_back(Path("store"))
    assert names(Path()) == ["store", "store.old-9"]
    assert names(Path("store")) == ["10"]
    put_back(Path("store"))
    assert names(Path()) == ["store", "store.old-9"]
