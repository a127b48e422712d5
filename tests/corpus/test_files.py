"""A corpus of files: which documents, in which order, and what a bad file gets."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path

import fsspec
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from mbert_cli.corpus import files as corpus_files
from mbert_cli.corpus.corpus import documents, require_corpus
from mbert_cli.corpus.files import FILTERED, range_documents
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.errors import UserError
from mbert_cli.text.file_ranges import FileRange
from mbert_cli.text.remote_files import forget_remote_files
from mbert_cli.text.text_files import suffix_of


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


ROWS = [
    {"text": "A one.", "language": "en", "score": 0.9},
    {"text": "B eins.", "language": "de", "score": 0.8},
    {"text": "C one.", "language": "en", "score": 0.2},
    {"text": "D one.\n\nD two.", "language": "en", "score": 0.7},
]


def write_table(path):
    """The same rows in the format that the name of a file says."""
    table = pyarrow.Table.from_pylist(ROWS)
    content = {
        ".jsonl": lambda: "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
        ".csv": lambda: to_bytes(pyarrow.csv.write_csv, table),
        ".parquet": lambda: to_bytes(pyarrow.parquet.write_table, table),
    }[suffix_of(path)]()
    pack = {".gz": gzip.compress, ".zst": lambda data: bytes(pyarrow.compress(data, "zstd"))}
    path.write_bytes(pack.get(path.suffix, bytes)(content))


def to_bytes(write, table):
    stream = io.BytesIO()
    write(table, stream)
    return stream.getvalue()


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_rows_of_every_format_are_filtered_alike(folder, suffix, packed):
    name = f"t{suffix}{packed}"
    write_table(folder / name)
    assert [text for _, text in read(name)] == [["A one."], ["B eins."], ["C one."], ["D one.", "D two."]]
    kept = read(name, where="language == 'en' and score > 0.5")
    assert [text for _, text in kept] == [["A one."], ["D one.", "D two."]]


def test_rows_that_are_left_out_are_counted(folder):
    write_table(folder / "t.csv")
    corpus = FilesCorpus(source="files", globs=["t.csv"], where="score < 0.85")
    found = list(documents(corpus))
    assert sum((Counter(document.dropped) for document in found), Counter()) == {FILTERED: 1}
    corpus = FilesCorpus(source="files", globs=["t.csv"], where="score > 0.75")
    *_, last = documents(corpus)
    assert (last.is_text, last.dropped) == (False, {FILTERED: 2})


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_without_a_column_is_refused_before_anything_is_read(folder, name):
    write_table(folder / name)
    with pytest.raises(UserError) as caught:
        require_corpus(FilesCorpus(source="files", globs=[name], text="body", where="language == 'en'"))
    assert caught.value.message == (
        f"A table of documents must have the columns that are named. Received: {name} without 'body'; "
        "it has text, language, score"
    )


def test_a_text_without_quotes_is_told_how_to_be_written(folder):
    write_table(folder / "t.jsonl")
    error = refused("t.jsonl", where="score > 0 and language == de")
    assert error.message.startswith(
        "corpus.where must look at columns that a row has. Received: t.jsonl without 'de'; "
    )
    assert error.hint == (
        "Name columns of the file, or leave the file out; a text stands in quotes: language == 'de'."
    )
    assert refused("t.jsonl", where="lang == 'en'").hint == "Name columns of the file, or leave the file out."
    write_table(folder / "t.csv")
    assert refused("t.csv", where="language == de").hint.endswith(
        "in corpus.where, where texts stand in quotes: language == 'en'."
    )


def test_lines_of_json_none_of_which_has_a_column_of_the_condition_are_refused(folder):
    write_table(folder / "t.jsonl")
    assert refused("t.jsonl", where="lang == 'en'").message == (
        "corpus.where must look at columns that a row has. Received: t.jsonl without 'lang'; "
        "it has language, score, text"
    )


def test_a_slip_in_a_condition_on_a_file_that_is_cut_into_ranges_is_refused(folder):
    write_table(folder / "t.jsonl")
    options = FilesCorpus(source="files", globs=["t.jsonl"], where="lang == 'en'")
    end = (folder / "t.jsonl").read_bytes().index(b"\n") + 1
    with pytest.raises(UserError, match=r"t\.jsonl without 'lang'"):
        list(range_documents(options, Path("t.jsonl"), FileRange(0, end)))


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


NESTED = [{"doc": {"body": f"{name} one.", "lang": lang}} for name, lang in (("A", None), ("B", "en"))]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_member_of_a_column_may_be_the_text_and_decide(folder, suffix):
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(NESTED), f"t{suffix}")
    else:
        (folder / f"t{suffix}").write_text("".join(json.dumps(row) + "\n" for row in NESTED))
    assert [text for _, text in read(f"t{suffix}", text="doc.body")] == [["A one."], ["B one."]]
    kept = read(f"t{suffix}", text="doc.body", where="doc.lang == 'en'")
    assert [text for _, text in kept] == [["B one."]]


@pytest.mark.usefixtures("folder")
def test_texts_in_lists_are_the_paragraphs_of_a_document():
    table = pyarrow.table({"text": [["A one.", "A two."], ["B one."]]})
    pyarrow.parquet.write_table(table, "t.parquet")
    require_corpus(FilesCorpus(source="files", globs=["t.parquet"]))
    assert [text for _, text in read("t.parquet")] == [["A one.", "A two."], ["B one."]]


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(folder):
    lines = ['{"text": "A.\\r\\n\\r\\nB."}', '{"text": "C."}']
    (folder / "t.jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    assert read("t.jsonl") == [("t.jsonl:1", ["A.", "B."]), ("t.jsonl:2", ["C."])]
    (folder / "t.csv").write_bytes(b'\xef\xbb\xbftext,id\r\n"A.\r\n\r\nB.",1\r\nC.,2\r\n')
    assert read("t.csv") == [("t.csv:2", ["A.", "B."]), ("t.csv:5", ["C."])]


def test_files_of_one_corpus_may_differ_in_all_columns_but_those_that_are_named(folder):
    pyarrow.parquet.write_table(pyarrow.table({"text": ["A."], "id": [1]}), "a.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"url": ["u"], "text": ["B."]}), "b.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"content": ["C."]}), "c.parquet")
    assert [text for _, text in read("[ab].parquet")] == [["A."], ["B."]]
    with pytest.raises(UserError, match=r"Received: c\.parquet without 'text'; it has content"):
        require_corpus(FilesCorpus(source="files", globs=["*.parquet"]))


def test_files_without_rows_give_nothing(folder):
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array([], pyarrow.string())}), "t.parquet")
    (folder / "e.jsonl").write_text("")
    (folder / "e.csv").write_text("text\n")
    require_corpus(FilesCorpus(source="files", globs=["t.parquet", "e.*"]))
    assert read("t.parquet", "e.*", where="text != ''") == []


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv", "t.jsonl.zst"])
def test_bytes_that_are_no_utf_8_are_named_with_their_place(folder, name):
    begin = b'{"text": "A."}\n{"text": "' if "json" in name else b"text\nA."
    content = begin + b"caf\xe9" + (b'"}\n' if "json" in name else b"\n")
    (folder / name).write_bytes(bytes(pyarrow.compress(content, "zstd")) if name.endswith("zst") else content)
    assert refused(name).message == (
        f"A text file must be UTF-8 without NUL bytes. Received: {name} with byte 0xe9 at offset {len(begin) + 3}"
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
@pytest.mark.parametrize("packed", [".gz", ".zst"])
def test_a_damaged_packed_table_is_named_with_its_place(folder, suffix, packed):
    path = folder / f"t{suffix}{packed}"
    write_table(path)
    path.write_bytes(path.read_bytes()[:-9])
    message = refused(path.name).message
    assert message.startswith(f"A text file must be readable. Received: {path.name} before offset ")


def test_a_condition_on_files_that_are_one_text_each_is_refused(folder):
    write_table(folder / "t.csv")
    require_corpus(FilesCorpus(source="files", globs=["b.*", "t.csv"], where="score > 0.5"))
    with pytest.raises(UserError) as caught:
        require_corpus(FilesCorpus(source="files", globs=["b.*", "sub/*"], where="score > 0.5"))
    assert caught.value.message == (
        "corpus.where is for rows of tables. Received: score > 0.5 for b.txt and 2 more, each of which is one text"
    )
