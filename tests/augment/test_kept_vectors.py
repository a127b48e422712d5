"""Word vectors of a store, kept from one command to the next."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.augment import kept_vectors
from mbert_cli.augment.kept_vectors import KeptVectors, vectors_key
from mbert_cli.augment.options import TrainedVectors
from mbert_cli.runs.content import Content, FileContent

OPTIONS = TrainedVectors(source="store", run="runs/prepare")
STORE = Content(
    "folder", "runs/prepare", (FileContent("tokens.bin", 2, "aa"), FileContent("vocab.txt", 1, "bb"))
)
VECTORS = np.array([[1, 0], [0.6, 0.8]], np.float32)
WORDS = ["sea", "über"]


@pytest.fixture(autouse=True)
def _caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))


def test_vectors_are_read_as_they_were_written_and_end_what_was_unfinished(tmp_path):
    kept = KeptVectors("key", Path("run"))
    assert (kept.read(), kept.read_state()) == (None, None)
    kept.write_state({"blocks": np.array([3])})
    assert kept.read_state()["blocks"].tolist() == [3]
    kept.write(WORDS, VECTORS)
    assert kept.read_state() is None
    found = KeptVectors("key", Path("run")).read()
    assert found.words == WORDS
    assert np.array_equal(found.directions, VECTORS)
    assert kept.folder == tmp_path / "caches/mbert/word-vectors"
    assert KeptVectors("other", Path("run")).read() is None


def test_damaged_files_count_as_missing():
    kept = KeptVectors("key", Path("run"))
    kept.write(WORDS, VECTORS)
    (file,) = kept.folder.iterdir()
    file.write_bytes(file.read_bytes()[:40])
    assert kept.read() is None
    kept.write_state({"blocks": np.array([3])})
    file.replace(kept.folder / "key.unfinished.safetensors")
    assert kept.read_state() is None


def test_without_a_place_for_caches_they_lie_in_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_vectors, "own_cache", lambda name: None)
    KeptVectors("key", tmp_path / "run/candidates").write(WORDS, VECTORS)
    assert [file.name for file in (tmp_path / "run/candidates").iterdir()] == ["key.safetensors"]


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    KeptVectors("key", Path("run")).write(WORDS, VECTORS)


def test_the_key_is_of_all_that_shapes_vectors_and_of_no_path(monkeypatch):
    key = vectors_key(STORE, OPTIONS, 0)
    assert vectors_key(replace(STORE, path="moved"), OPTIONS.model_copy(update={"run": "moved"}), 0) == key
    others = {
        vectors_key(replace(STORE, files=STORE.files[:1]), OPTIONS, 0),
        vectors_key(STORE, OPTIONS.model_copy(update={"epochs": 1}), 0),
        vectors_key(STORE, OPTIONS.model_copy(update={"max_tokens": None}), 0),
        vectors_key(STORE, OPTIONS, 1),
    }
    monkeypatch.setattr(kept_vectors, "version", lambda package: "5.0")
    assert len({key, vectors_key(STORE, OPTIONS, 0), *others}) == 6
