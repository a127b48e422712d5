"""The folder of recordings: what goes when there are too many, and what stays."""

import os
from pathlib import Path

import pytest

from mbert_cli.distill.recordings import list_recordings, make_room, recordings_folder, usual_folder
from mbert_cli.errors import UserError


@pytest.fixture
def three(record_all, number_rows) -> list:
    """Three open recordings, used one after the other, and something that is none."""
    recordings = [record_all(number_rows([2, 3]), teacher) for teacher in ("one", "two", "six")]
    for moment, recording in enumerate(recordings):
        os.utime(recording.path / "teacher-outputs.json", (moment, moment))
    (recordings[0].path.parent / "mine").mkdir()
    (recordings[0].path.parent / "mine" / "notes.txt").write_text("mine")
    return recordings


def close(recordings) -> Path:
    for recording in recordings:
        recording.close()
    return recordings[0].path.parent


def test_the_ones_that_were_used_longest_ago_go_until_all_fit(three):
    folder = close(three)
    size = list_recordings(folder)[0].size_bytes
    removed = make_room(folder, needed=size, budget=2 * size, keep=folder / "new")
    assert [recording.path for recording in removed] == [three[0].path, three[1].path]
    assert sorted(path.name for path in folder.iterdir()) == sorted([three[2].path.name, "mine"])


def test_a_small_one_stays_where_a_large_one_has_to_go_anyway(record_all, number_rows):
    recordings = [
        record_all(number_rows([2] * rows), teacher) for rows, teacher in ((1, "one"), (400, "two"))
    ]
    for moment, recording in enumerate(recordings):
        os.utime(recording.path / "teacher-outputs.json", (moment, moment))
    folder = close(recordings)
    small, large = list_recordings(folder)
    assert 2 * small.size_bytes < large.size_bytes
    removed = make_room(folder, needed=1, budget=large.size_bytes, keep=folder / "new")
    assert [recording.path for recording in removed] == [large.path]


def test_nothing_goes_where_all_fit(three):
    folder = close(three)
    assert make_room(folder, needed=10, budget=10**9, keep=folder / "new") == []
    assert len(list_recordings(folder)) == 3


def test_the_recording_that_is_kept_counts_once_and_stays(three):
    folder = close(three)
    size = list_recordings(folder)[0].size_bytes
    removed = make_room(folder, needed=size, budget=size, keep=three[0].path)
    assert [recording.path for recording in removed] == [three[1].path, three[2].path]
    assert three[0].path.is_dir()


def test_a_recording_that_is_open_stays(three):
    three[1].close()
    folder = three[0].path.parent
    removed = make_room(folder, needed=1, budget=1, keep=folder / "new")
    assert [recording.path for recording in removed] == [three[1].path]
    close(three)


def test_a_recording_that_is_opened_counts_as_used_now(three, open_recording, number_rows):
    folder = close(three)
    open_recording(number_rows([2, 3]), "one").close()
    assert [recording.path for recording in list_recordings(folder)][-1] == three[0].path


def test_a_folder_that_cannot_be_written_is_refused_and_none_is_made(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UserError) as caught:
        recordings_folder(str(file / "inner"))
    assert caught.value.message == (
        "The folder for what teachers say must be one that can be written. "
        f"Received: {file}/inner ({file} is no folder)"
    )
    assert caught.value.hint == "Name another one with --set cache.folder=DIR."
    assert recordings_folder(str(tmp_path / "new" / "one")) == tmp_path / "new" / "one"
    assert not (tmp_path / "new").exists()


def test_a_named_folder_may_be_one_in_the_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert recordings_folder("~/new") == tmp_path / "new"


def test_recordings_lie_in_the_folder_for_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert recordings_folder(None) == usual_folder() == tmp_path / "mbert" / "teacher-outputs"
