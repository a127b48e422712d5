"""A corpus of files: which documents, in which order, and what a bad file gets."""

import gzip

import fsspec
import pytest

from mbert_cli.corpus import files as corpus_files
from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.errors import UserError
from mbert_cli.text.remote_files import forget_remote_files
from tests.corpus.corpus_of_files import read, refused


def test_files_come_sorted_within_patterns_and_each_once(folder):
    assert read("**/*.txt*", "**/*.md", "b.*") == [
        ("b.txt", ["B one.", "B two."]),
        ("sub/c.txt.gz", ["C one."]),
        ("sub/a.md", ["# Title", "A one."]),
    ]


def test_each_line_of_a_jsonl_file_is_a_document(folder):
    assert read("d.jsonl") == [("d.jsonl:1", ["D one.", "D two."]), ("d.jsonl:3", ["E one."])]
    (folder / "e.jsonl").write_text('{"body": "F."}\n')
    assert read("e.jsonl", text="body") == [("e.jsonl:1", ["F."])]


def test_an_empty_file_is_a_document_without_paragraphs(folder):
    (folder / "empty.txt").write_text("")
    assert read("empty.txt") == [("empty.txt", [])]


def test_a_very_long_file_is_several_documents(folder, monkeypatch):
    monkeypatch.setattr(corpus_files, "read_parts", lambda path, within: iter(["One.\n\n", "Two.\n"]))
    assert read("b.txt") == [("b.txt", ["One."]), ("b.txt#2", ["Two."])]


def test_patterns_that_match_nothing_at_all_are_refused(folder):
    error = refused("books/**/*.txt", "su")
    assert error.message == (
        "A pattern of corpus.globs must match a file. "
        f"Received: 'books/**/*.txt', 'su', which match none in {folder}"
    )
    assert error.hint == (
        "Set corpus.globs to the files to read, as in ['books/**/*.txt']; ** crosses folders."
    )
    assert "'su', which matches none" in refused("su").message


def test_what_a_pattern_may_have_meant_is_told_as_one_that_matches(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    (folder / "packed").mkdir()
    (folder / "packed/t.jsonl.gz").write_bytes(gzip.compress(b'{"text": "One."}\n'))
    for pattern, meant in (
        ("sub", "sub/**/*.md"), ("packed/", "packed/**/*.jsonl.gz"), ("~/sub", f"{folder}/sub/**/*.md"),
        ("~/b.txt", f"{folder}/b.txt"),
    ):  # fmt: skip
        assert refused(pattern).hint == f"Set corpus.globs to the files to read, as in [{meant!r}]."
        assert corpus_files.find_files([meant]).paths
    for pattern in ("", "~/no.txt", "memory://web/*.md"):
        assert "as in ['books/**/*.txt']" in refused(pattern).hint
    assert "memory://web/a%5B1%5D.txt" in refused("memory://web/a[1].txt").hint


def test_folders_that_stand_for_a_column_are_told_to_be_chosen_by_a_pattern(folder):
    path = folder / "language=de" / "t.csv"
    path.parent.mkdir()
    path.write_text("text\nEins.\n")
    error = refused("**/*.csv", where="language == 'de'")
    assert "without 'language'; it has text" in error.message
    assert "as in **/language=VALUE/*, and" in error.hint
    assert read("**/language=de/*") == [("language=de/t.csv:2", ["Eins."])]


def test_a_web_page_in_the_place_of_a_text_is_refused(bucket):
    bucket.pipe("/web/page.txt", b"\n<!DOCTYPE html>\n<html><body>Log in</body></html>")
    assert refused("memory://web/page.txt").message == (
        "A URL must lead to a file of text. Received: memory:///web/page.txt, where a web page is"
    )


def test_a_file_of_an_unknown_kind_is_refused_before_anything_is_read(folder):
    (folder / "sub" / "image.png").write_bytes(b"\x89PNG")
    corpus = FilesCorpus(source="files", globs=["b.txt", "sub/*"])
    with pytest.raises(UserError) as caught:
        next(iter(documents(corpus)))
    assert caught.value.message == (
        "A corpus file must end in .txt, .md, .jsonl, .csv or .parquet, with or without .gz or .zst. "
        "Received: sub/image.png"
    )
    assert caught.value.hint == "Set corpus.globs to patterns that match text only, as in ['books/**/*.txt']."


def test_a_binary_file_is_named_with_its_byte(folder):
    (folder / "z.txt").write_bytes(b"text\xff")
    assert refused("*.txt").message == (
        "A text file must be UTF-8 without NUL bytes. Received: z.txt with byte 0xff at offset 4"
    )


def test_each_object_of_a_json_array_is_a_document(folder):
    (folder / "f.jsonl").write_text('[{"text": "F."}, {"text": "G."},\n{"text": "H."}]\n')
    names = ["f.jsonl:1, item 1", "f.jsonl:1, item 2", "f.jsonl:2, item 3"]
    assert read("f.jsonl") == [(name, [text]) for name, text in zip(names, ["F.", "G.", "H."], strict=True)]


NO_COLUMN = "Set corpus.text to the column that holds the text"
OTHER = "Correct the row, or set corpus.text to a column of texts"
NO_TEXT = "Correct the row, or leave out rows without text: --set 'corpus.where=text is not None'"


@pytest.mark.parametrize(
    ("line", "found", "hint"),
    [
        ('{"body": "x", "id": 3}', "body, id", NO_COLUMN),
        ("{}", "no column", NO_COLUMN),
        ('{"text": 3}', "3 there", OTHER),
        ('{"text": null}', "null there", NO_TEXT),
        ('{"text": ["x", 1]}', 'a list, ["x", 1] there', OTHER),
    ],
)
def test_a_jsonl_line_without_the_field_is_named(folder, line, found, hint):
    (folder / "f.jsonl").write_text('{"text": "fine"}\n' + line + "\n")
    error = refused("f.jsonl")
    assert error.message == (
        f"Each row of a table of documents must have text in the column 'text'. Received: f.jsonl:2 with {found}"
    )
    assert error.hint == hint


def test_a_jsonl_line_that_is_no_object_is_named(folder):
    (folder / "f.jsonl").write_text('{"text": "fine"}\n["x"]\n')
    assert refused("f.jsonl").message == (
        'Each row of a JSON file must be an object. Received: a list, ["x"] in f.jsonl:2'
    )


def test_a_line_that_is_not_json_is_named(folder):
    (folder / "f.jsonl").write_text('{"text": "fine"}\nplain text\n')
    error = refused("f.jsonl")
    assert error.message == (
        "Each line of a .jsonl file must be one JSON object. "
        "Received: f.jsonl:2 (Expecting value: line 1 column 1 (char 0))"
    )
    assert error.hint == "Write one object per line."


@pytest.fixture
def bucket():
    """The file system of memory://, with two files."""
    forget_remote_files()
    memory = fsspec.filesystem("memory")
    memory.pipe({"/web/b.jsonl": b'{"text": "B one."}\n', "/web/a.txt.gz": gzip.compress(b"A one.\n")})
    yield memory
    memory.store.clear()
    forget_remote_files()


@pytest.mark.usefixtures("bucket")
def test_urls_come_after_files_of_this_machine_and_each_once(folder):
    found = read("memory://web/*", "b.txt", "memory://web/b.jsonl", f"file://{folder}/sub/*.md")
    assert found == [
        ("b.txt", ["B one.", "B two."]),
        (f"{folder}/sub/a.md", ["# Title", "A one."]),
        ("memory:///web/a.txt.gz", ["A one."]),
        ("memory:///web/b.jsonl:1", ["B one."]),
    ]


@pytest.mark.usefixtures("bucket", "folder")
def test_a_url_that_matches_nothing_is_a_note_beside_others_and_an_error_alone():
    assert corpus_files.find_files(["b.txt", "memory://web/*.md"]).notes == [
        "memory://web/*.md matches no file"
    ]
    assert refused("memory://web/*.md").message == (
        "A pattern of corpus.globs must match a file. Received: 'memory://web/*.md', which matches none"
    )
    assert refused("b.txt", "memory://web/c.txt").message.endswith("memory://web/c.txt (not found)")


def test_a_damaged_file_behind_a_url_is_named(bucket):
    bucket.pipe("/web/a.txt.gz", gzip.compress(b"Text. " * 99)[:-9])
    message = refused("memory://web/a*").message
    assert message.startswith("A text file must be readable. Received: memory:///web/a.txt.gz before offset ")
