"""What inputs hold: what is the same, what differs, and what is hashed again."""

import os
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.runs import content
from mbert_cli.runs.content import dump_contents, files_content, folder_content, read_contents


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def files(*paths: Path):
    return files_content(", ".join(map(str, paths)), paths)


def test_a_file_is_the_same_wherever_it_lies_and_however_it_is_called_while_it_is_read_in_the_same_way():
    first = files(write("t.csv", "a"))
    assert files(write("other/u.csv", "a")).identity == first.identity
    assert files(write("v.tsv", "a")).identity != first.identity
    assert files(write("v.csv.gz", "a")).identity != first.identity
    assert files(write("t.csv", "b")).identity != first.identity


def test_files_count_in_their_order_and_those_of_a_folder_by_their_names():
    a, b = write("x/a.txt", "a"), write("x/b.txt", "b")
    c, d = write("y/a.txt", "a"), write("y/b.txt", "b")
    assert files(a, b).identity == files(c, d).identity != files(b, a).identity
    assert files(b, a).differences(files(a, b)) == ["the files come in another order"]
    assert folder_content(Path("x"), [b, a]).identity == folder_content(Path("y"), [c, d]).identity
    assert folder_content(Path("x"), [a]).files[0].name == "a.txt"
    write("y/a.txt", "b")
    write("y/b.txt", "a")
    assert folder_content(Path("x"), [a, b]).identity != folder_content(Path("y"), [c, d]).identity


def test_each_file_that_differs_is_named():
    a, b, c = write("a.txt", "a"), write("b.txt", "b"), write("c.txt", "c")
    before = files(a, b)
    write("a.txt", "new")
    assert files(a).differences(files_content("", [b])) == [
        "a.txt has 3 bytes (sha256 11507a0e), b.txt had 1 bytes (sha256 3e23e816) before"
    ]
    assert files(a, c).differences(before) == [
        "a.txt has 3 bytes (sha256 11507a0e), 1 bytes (sha256 ca978112) before",
        "b.txt is gone",
        "c.txt is new",
    ]


def test_what_is_written_is_read_again():
    found = {"task.train": files(write("é.csv", "a")), "source": folder_content(Path(), [Path("é.csv")])}
    Path("inputs.json").write_bytes(dump_contents(found))
    assert read_contents(Path("inputs.json")) == found
    assert read_contents(Path("none.json")) == {}
    Path("inputs.json").write_text('{"source": 3}')
    with pytest.raises(UserError, match=r"inputs must be readable\. Received: inputs\.json"):
        read_contents(Path("inputs.json"))


def test_a_large_file_is_hashed_again_only_after_it_was_written(monkeypatch):
    monkeypatch.setattr(content, "MARKED_BYTES", 1)
    path = write("a.txt", "a")
    assert files(path).files[0].mark == ""  # written in this moment: another writing could look the same
    monkeypatch.setattr(content, "_SETTLED_SECONDS", -1)
    known = files(path)
    monkeypatch.setattr(content, "_sha256", lambda *_: "hashed")
    assert files_content("", [path], known).files == known.files
    status = path.stat()
    path.write_text("b")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as `cp --preserve` does
    assert files_content("", [path], known).files[0].sha256 == "hashed"


def test_a_file_that_cannot_be_read_is_named():
    with pytest.raises(UserError, match=r"An input must be readable. Received: none.csv \(No such file"):
        files(Path("none.csv"))
