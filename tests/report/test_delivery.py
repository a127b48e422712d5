"""`--format` and `--out`: what is asked for, and what is refused before any work."""

import os
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.page import Delivery
from mbert_cli.report.delivery import read_delivery, write_file

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.mark.parametrize(
    ("form", "file", "expected"),
    [
        (None, None, "table"),
        ("markdown", None, "markdown"),
        (None, "a.md", "markdown"),
        (None, "a.JSON", "json"),
        (None, "a.html", "html"),
        (None, "a.txt", "table"),
        (None, "a", "table"),
        ("table", "a.pdf", "table"),
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
    assert error.value.message == "--format must be table, markdown, json or html. Received: xml"
    assert error.value.exit_code == 2


def refused(file: str) -> str:
    with pytest.raises(UserError) as error:
        read_delivery(None, Path(file))
    assert error.value.exit_code == 2
    return error.value.message


@pytest.mark.parametrize(
    ("file", "near"),
    [("my report.pdf", "'my report.html'"), ("a.HTM", "a.html"), ("a.csv", "a.html")],
)
def test_an_ending_that_says_no_format_is_refused(file, near):
    with pytest.raises(UserError) as error:
        read_delivery(None, Path(file))
    assert (error.value.message, error.value.hint) == (
        f"The ending of --out must be .md, .json, .html or .txt. Received: {file}",
        f"Name {near}, or say what is written with --format table, markdown, json or html.",
    )


def test_a_folder_and_a_device_are_refused():
    Path("folder").mkdir()
    assert refused("folder") == "--out must be a file. Received: folder, which is a folder"
    assert refused("/dev/null") == "--out must be a file. Received: /dev/null, which is a device or a pipe"


def test_a_place_that_cannot_be_written_is_refused():
    Path("file").touch()
    assert refused("file/page.md").endswith("Received: file/page.md (Not a directory)")
    assert refused("x" * 300).endswith("(File name too long)")
    assert os.listdir() == ["file"]


def test_a_file_in_the_directory_of_a_run_is_refused_whether_it_is_there_or_not():
    Path("run/final").mkdir(parents=True)
    Path("run/recipe.yaml").write_text("seed: 0\n")
    Path("run/final/summary.json").write_text("{}")
    for file in ("run/final/summary.json", "run/recipe.yaml", "run/page.md", "run/final/page.md"):
        assert refused(file) == f"--out must lie outside of the directories of runs. Received: {file}"
    assert not Path("run/page.md").exists()


def test_a_file_is_replaced_whole_and_behind_a_link_too():
    Path("page.md").write_text("before")
    Path("link.md").symlink_to("page.md")
    assert read_delivery(None, Path("link.md")).file == Path("link.md")
    write_file(Path("link.md"), "after")
    assert Path("link.md").is_symlink()
    assert Path("page.md").read_text() == "after"
    assert sorted(os.listdir()) == ["link.md", "page.md"]


def test_a_file_in_a_folder_that_is_missing_is_refused():
    with pytest.raises(UserError) as caught:
        read_delivery(None, Path("a b/c/page.md"))
    assert caught.value.message == "The folder of --out must exist. Received: a b/c/page.md"
    assert caught.value.hint == f"mkdir -p '{Path.cwd()}/a b/c'"
    assert caught.value.exit_code == 2
    assert not os.listdir()


def test_a_file_holds_every_character():
    write_file(Path("page.md"), "café")
    assert Path("page.md").read_text(encoding="utf-8") == "café"
