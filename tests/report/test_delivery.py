"""`--format` and `--out`: what is asked for, and what is refused before any work."""

import os
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.page import Delivery
from mbert_cli.report.delivery import read_delivery, write_file


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("form", "file", "expected"),
    [
        (None, None, "table"),
        ("markdown", None, "markdown"),
        (None, "a.md", "markdown"),
        (None, "a.JSON", "json"),
        (None, "a.txt", "table"),
        ("table", "a.json", "table"),
    ],
)
def test_the_format_is_the_one_that_was_named_or_that_of_the_ending(form, file, expected):
    path = file and Path(file)
    assert read_delivery(form, path) == Delivery(expected, path)
    assert not os.listdir()


def test_another_format_is_refused():
    with pytest.raises(UserError) as error:
        read_delivery("xml", None)
    assert error.value.message == "--format must be table, markdown or json. Received: xml"
    assert error.value.exit_code == 2


def refused(file: str) -> str:
    with pytest.raises(UserError) as error:
        read_delivery(None, Path(file))
    assert error.value.exit_code == 2
    return error.value.message


def test_a_folder_and_a_device_are_refused():
    Path("folder").mkdir()
    assert refused("folder") == "--out must be a file. Received: folder, which is a folder"
    assert refused("/dev/null") == "--out must be a file. Received: /dev/null, which is a device or a pipe"


def test_a_place_that_cannot_be_written_is_refused():
    Path("file").touch()
    assert refused("file/page.md").endswith("Received: file/page.md (Not a directory)")
    assert refused("x" * 300).endswith("(File name too long)")
    assert os.listdir() == ["file"]


def test_a_file_of_a_run_is_not_replaced_though_a_new_one_may_lie_there():
    Path("run/final").mkdir(parents=True)
    Path("run/recipe.yaml").write_text("seed: 0\n")
    Path("run/final/summary.json").write_text("{}")
    assert refused("run/final/summary.json") == (
        "--out must not replace a file of a run. Received: run/final/summary.json"
    )
    assert refused("run/recipe.yaml").startswith("--out must not replace a file of a run.")
    assert read_delivery(None, Path("run/page.md")).format == "markdown"


def test_a_file_is_replaced_whole_and_behind_a_link_too():
    Path("page.md").write_text("before")
    Path("link.md").symlink_to("page.md")
    assert read_delivery(None, Path("link.md")).file == Path("link.md")
    write_file(Path("link.md"), "after")
    assert Path("link.md").is_symlink()
    assert Path("page.md").read_text() == "after"
    assert sorted(os.listdir()) == ["link.md", "page.md"]


def test_folders_that_are_missing_are_made_when_the_file_is_written():
    read_delivery(None, Path("a/b/page.md"))
    assert not Path("a").exists()
    write_file(Path("a/b/page.md"), "café")
    assert Path("a/b/page.md").read_text(encoding="utf-8") == "café"
