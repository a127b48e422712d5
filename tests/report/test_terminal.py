"""Where and how a page is shown."""

import errno
import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from mbert_cli import console
from mbert_cli.errors import RunError
from mbert_cli.page import PAGE_FORMATS, PRINTED, Delivery, Page
from mbert_cli.report.terminal import deliver, page_text, print_page
from mbert_cli.table import Table

PAGE = Page(
    [
        Table(
            "Scores", ["model", "score"], [("int8", "66.84%"), ("float32", "66.71%")], ["On a phone more."]
        ),
        Table("", ["", ""], [("tokens", "1,000")]),
    ],
    {"scores": [{"model": "int8", "score": 0.668400520156}]},
    ["All is well."],
    ["adb push int8.tflite"],
)
SHOWN = [
    "Scores",
    " model      score",
    "──────────────────",
    " int8      66.84%",
    " float32   66.71%",
    "",
    "On a phone more.",
    "",
    " tokens   1,000",
    "",
    "All is well.",
    "adb push int8.tflite",
]


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_tables_stand_with_their_notes_and_those_of_the_page_come_last(capsys):
    deliver(PAGE, PRINTED)
    assert lines(capsys.readouterr().out) == SHOWN


def test_a_narrow_terminal_gets_the_same_in_narrow_tables():
    stream = Console(file=io.StringIO(), width=17)
    rows = [("int8", "1.1 MB", "66.84%"), ("int16", "2.0 MB", "66.71%")]
    print_page(stream, Page([Table("", ["model", "size", "score"], rows)]))
    assert lines(stream.file.getvalue()) == [
        " model     size",
        "────────────────",
        " int8    1.1 MB",
        " int16   2.0 MB",
        "",
        " model    score",
        "────────────────",
        " int8    66.84%",
        " int16   66.71%",
        "",
    ]


@pytest.mark.parametrize("form", PAGE_FORMATS)
def test_a_file_gets_what_standard_output_would_and_standard_output_nothing(form, tmp_path, capsys):
    deliver(PAGE, Delivery(form))
    printed = capsys.readouterr().out
    file = tmp_path / "page.txt"
    deliver(PAGE, Delivery(form, file))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"Written to {file}\n")
    assert file.read_text(encoding="utf-8") == printed


@pytest.mark.parametrize("form", PAGE_FORMATS)
def test_a_file_that_cannot_be_written_is_named_and_standard_output_gets_the_page(
    form, tmp_path, monkeypatch, capsys
):
    def stop(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    deliver(PAGE, Delivery(form))
    printed = capsys.readouterr().out
    monkeypatch.setattr(os, "fsync", stop)
    file = tmp_path / "page.md"
    with pytest.raises(RunError) as caught:
        deliver(PAGE, Delivery(form, file))
    assert caught.value.message == (
        f"--out must be a file that can be written. Received: {file} (No space left on device)"
    )
    assert caught.value.hint == (
        "Standard output has the results instead; free space there, or name another file with --out."
    )
    assert capsys.readouterr().out == printed
    assert not list(tmp_path.iterdir())


def test_json_on_standard_output_is_one_document_whatever_was_said_before(capsys):
    console.info("Reading")
    console.warning("slowly")
    deliver(PAGE, Delivery("json"))
    assert json.loads(capsys.readouterr().out)["scores"][0]["score"] == 0.668400520156


def test_a_file_may_have_characters_that_the_terminal_has_not(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    page = Page(record={"label": "café"})
    assert "caf\\u00e9" in page_text(page, Delivery("json"))
    assert "café" in page_text(page, Delivery("json", Path("x.json")))
