"""Files by pattern: links, loops, hard links and patterns that overlap."""

import os
from pathlib import Path

import pytest

from mbert_cli.text.file_patterns import match_files


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("books/sub").mkdir(parents=True)
    Path("books/a.txt").write_text("A.")
    Path("books/sub/b.txt").write_text("B.")
    return tmp_path


def paths(*patterns: str) -> list[str]:
    return [str(path) for path in match_files(patterns).paths]


BOTH = ["books/a.txt", "books/sub/b.txt"]


def test_two_stars_cross_folders_but_hidden_ones():
    Path("books/.git").mkdir()
    Path("books/.git/c.txt").write_text("C.")
    assert paths("books/**/*.txt") == paths("**/*.txt") == paths("books/**") == BOTH
    assert paths("books/**/sub/*.txt") == paths("**/sub/**/*.txt") == ["books/sub/b.txt"]
    assert paths(f"{os.getcwd()}/**/a.txt") == [f"{os.getcwd()}/books/a.txt"]


def test_a_link_to_itself_leads_nowhere():
    Path("books/self").symlink_to("self")
    assert paths("books/**/*.txt", "books/self/**/*.txt") == BOTH


def test_a_name_with_brackets_is_a_file_where_it_matches_none_as_a_pattern():
    Path("letter [1].txt").write_text("a")
    assert paths("letter [1].txt") == ["letter [1].txt"]
    Path("letter 1.txt").write_text("b")
    assert paths("letter [1].txt") == ["letter 1.txt"]


@pytest.mark.parametrize("target", [".", "..", "../books", "sub"])
def test_a_loop_of_links_is_entered_once(target):
    for name in ("again", "other", "third"):  # glob alone would try 3 to the power of 40 paths
        Path("books", name).symlink_to(target)
    assert paths("books/**/*.txt") == BOTH


def test_a_link_to_a_folder_elsewhere_is_followed():
    Path("far").mkdir()
    Path("far/c.txt").write_text("C.")
    Path("books/near").symlink_to("../far")
    assert paths("books/**/*.txt") == ["books/a.txt", "books/near/c.txt", "books/sub/b.txt"]


def test_links_and_hard_links_to_a_file_count_as_the_file():
    Path("books/0-link.txt").symlink_to("a.txt")
    os.link("books/a.txt", "books/z-hard.txt")
    assert paths("books/**/*.txt") == BOTH
    assert paths("books/0-link.txt") == ["books/0-link.txt"]


def test_patterns_that_overlap_read_a_file_where_the_first_of_them_stands():
    assert paths("books/sub/*", "./books/**/*.txt", "books/../books/a.txt", "books//a.txt") == [
        "books/sub/b.txt", "books/a.txt",
    ]  # fmt: skip


def test_the_notes_name_further_paths_and_patterns_without_a_file():
    assert match_files(["books/*.txt"]).notes == []
    Path("books/loop").symlink_to(".")
    assert match_files(["books/**/*.txt", "books/**/*.md"]).notes == [
        "books/**/*.md matches no file",
        "A file counts once: books/loop leads to what is read already",
    ]
    for number in range(4):
        os.link("books/a.txt", f"books/z{number}.txt")
    assert match_files(["books/**/*.txt"]).notes == [
        "A file counts once: books/loop, books/z0.txt, books/z1.txt and 2 more lead to what is read already"
    ]


def test_a_broken_link_is_no_file():
    Path("books/gone.txt").symlink_to("nowhere")
    assert paths("books/**/*.txt") == BOTH
