"""A corpus of tables: which of their rows are documents, and what bad ones get."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from mbert_cli.corpus.corpus import documents, require_corpus
from mbert_cli.corpus.files import FILTERED, range_documents
from mbert_cli.corpus.options import FilesCorpus
from mbert_cli.errors import UserError
from mbert_cli.text.file_ranges import FileRange
from mbert_cli.text.text_files import suffix_of
from tests.corpus.corpus_of_files import read, refused

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
