"""A corpus of files: which documents, in which order, and what a bad file gets."""

import pytest

from mbert_cli.corpus import files as corpus_files
from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.errors import UserError


def read(*globs: str, **options) -> list[tuple[str, list[str]]]:
    corpus = FilesCorpus(source="files", globs=list(globs), **options)
    return [(document.name, document.paragraphs) for document in documents(corpus)]


def refused(*globs: str, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        read(*globs, **options)
    return caught.value


def test_files_come_sorted_within_patterns_and_each_once(folder):
    assert read("**/*.txt*", "**/*.md", "b.*") == [
        ("b.txt", ["B one.", "B two."]),
        ("sub/c.txt.gz", ["C one."]),
        ("sub/a.md", ["# Title", "A one."]),
    ]


def test_each_line_of_a_jsonl_file_is_a_document(folder):
    assert read("d.jsonl") == [("d.jsonl:1", ["D one.", "D two."]), ("d.jsonl:3", ["E one."])]
    (folder / "e.jsonl").write_text('{"body": "F."}\n')
    assert read("e.jsonl", text_field="body") == [("e.jsonl:1", ["F."])]


def test_an_empty_file_is_a_document_without_paragraphs(folder):
    (folder / "empty.txt").write_text("")
    assert read("empty.txt") == [("empty.txt", [])]


def test_a_very_long_file_is_several_documents(folder, monkeypatch):
    monkeypatch.setattr(corpus_files, "read_parts", lambda path: iter(["One.\n\n", "Two.\n"]))
    assert read("b.txt") == [("b.txt", ["One."]), ("b.txt#2", ["Two."])]


def test_patterns_that_match_nothing_at_all_are_refused(folder):
    error = refused("books/**/*.txt", "sub")
    assert error.message == (
        "A pattern of corpus.globs must match a file. "
        f"Received: 'books/**/*.txt', 'sub', which match none in {folder}"
    )
    assert error.hint == (
        "set corpus.globs to the files to read, as in ['books/**/*.txt']; ** crosses folders"
    )
    assert "'sub', which matches none" in refused("sub").message


def test_a_file_of_an_unknown_kind_is_refused_before_anything_is_read(folder):
    (folder / "sub" / "image.png").write_bytes(b"\x89PNG")
    corpus = FilesCorpus(source="files", globs=["b.txt", "sub/*"])
    with pytest.raises(UserError) as caught:
        next(iter(documents(corpus)))
    assert caught.value.message == (
        "A corpus file must end in .txt, .md or .jsonl, with or without .gz. Received: sub/image.png"
    )
    assert caught.value.hint == "set corpus.globs to patterns that match text only, as in ['books/**/*.txt']"


def test_a_binary_file_is_named_with_its_byte(folder):
    (folder / "z.txt").write_bytes(b"text\xff")
    assert refused("*.txt").message == (
        "A text file must be UTF-8 without NUL bytes. Received: z.txt with byte 0xff at offset 4"
    )


def test_each_object_of_a_json_array_is_a_document(folder):
    (folder / "f.jsonl").write_text('[{"text": "F."}, {"text": "G."},\n{"text": "H."}]\n')
    names = ["f.jsonl:1, item 1", "f.jsonl:1, item 2", "f.jsonl:2, item 3"]
    assert read("f.jsonl") == [(name, [text]) for name, text in zip(names, ["F.", "G.", "H."], strict=True)]


@pytest.mark.parametrize(
    ("line", "found", "hint"),
    [
        ('{"body": "x", "id": 3}', "body, id", "set corpus.text_field to the field that holds the text"),
        ("{}", "no fields", "set corpus.text_field to the field that holds the text"),
        ('{"text": 3}', "3 there", "correct the line, or take it out"),
        ('{"text": null}', "null there", "correct the line, or take it out"),
        ('{"text": ["x"]}', 'a list, ["x"] there', "correct the line, or take it out"),
    ],
)
def test_a_jsonl_line_without_the_field_is_named(folder, line, found, hint):
    (folder / "f.jsonl").write_text('{"text": "fine"}\n' + line + "\n")
    error = refused("f.jsonl")
    assert error.message == (
        f"Each line of a .jsonl file must have text in the field 'text'. Received: f.jsonl:2 with {found}"
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
    assert error.hint == "Write one object per line"
