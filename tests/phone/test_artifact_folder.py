"""The folder of an artifact, written whole, in the place of one that was there."""

import json
from types import SimpleNamespace

import pytest

from mbert_cli.phone import artifact_folder
from mbert_cli.phone.artifact_folder import write_artifact
from mbert_cli.runs.artifacts import evaluation_file


@pytest.fixture
def write(tmp_path, monkeypatch, capsys):
    """Writes an artifact with or without a page, and returns what is said."""
    monkeypatch.setattr(artifact_folder, "artifact_files", lambda model: {"labels.txt": b"a\n"})

    def write(content: bytes, *, with_page: bool) -> str:
        def present(folder, report):
            if with_page:
                (folder / "page").mkdir()

        presentation = SimpleNamespace(web_packages=object() if with_page else None, write=present)
        write_artifact(tmp_path / "int8", None, content, {"mode": "int8"}, presentation)
        return " ".join(capsys.readouterr().err.split())

    return write


def test_an_artifact_lies_beside_its_report_and_what_it_is_read_with(write, tmp_path):
    assert write(b"model", with_page=False) == ""
    names = sorted(path.name for path in (tmp_path / "int8").iterdir())
    assert names == ["labels.txt", "manifest.json", "model.tflite", "report.json"]
    assert json.loads((tmp_path / "int8" / "report.json").read_text()) == {"mode": "int8"}


def test_an_artifact_that_was_there_is_replaced_and_its_page_is_missed(write, tmp_path):
    write(b"first", with_page=True)
    said = write(b"second", with_page=False)
    assert "replaces the artifact that was there" in said
    assert "Warning: The page of the previous artifact is removed with it; --page writes one for " in said
    assert (tmp_path / "int8" / "model.tflite").read_bytes() == b"second"
    assert "goes with it" not in write(b"third", with_page=True)


def test_what_a_person_put_beside_an_artifact_is_moved_aside_with_the_old_one(write, tmp_path):
    write(b"first", with_page=False)
    (tmp_path / "int8" / "notes.txt").write_text("my own")
    said = write(b"second", with_page=False)
    assert (
        f"{tmp_path}/int8 held what mbert did not write: notes.txt. All that was there is now in int8.old-1"
        in said
    )
    assert (tmp_path / "int8.old-1" / "notes.txt").read_text() == "my own"
    assert (tmp_path / "int8.old-1" / "model.tflite").read_bytes() == b"first"
    assert (tmp_path / "int8" / "model.tflite").read_bytes() == b"second"


def test_what_eval_wrote_beside_an_artifact_goes_with_it(write, tmp_path):
    write(b"first", with_page=False)
    for name in ("validation", "validation-predictions"):
        evaluation_file(tmp_path / "int8" / "model.tflite", name).write_text("{}")
    assert "Warning" not in write(b"second", with_page=False)
    assert [path.name for path in tmp_path.iterdir()] == ["int8"]
    assert not list((tmp_path / "int8").glob("*eval*"))
