"""The rows of tables: formats, bounded memory, and what a damaged file gets."""

from datetime import datetime

import pyarrow
import pytest
from pyarrow import parquet

from mbert_cli.corpus import rows
from mbert_cli.corpus.rows import read_document_rows, require_document_columns
from mbert_cli.errors import UserError


def test_a_cell_of_csv_may_hold_commas_quotes_and_line_breaks(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('text,id\n"One, ""two"".\n\nThree.",1\n\nfour,2\n')
    assert [row.values for row in read_document_rows(path, ["text"])] == [
        {"text": 'One, "two".\n\nThree.', "id": "1"},
        {"text": "four", "id": "2"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_names_of_its_columns_show_what_separates_the_cells_of_csv(tmp_path, delimiter):
    path = tmp_path / "t.csv"
    path.write_text(f'id{delimiter}text\n1{delimiter}"one, two; three"\n')
    require_document_columns(path, ["text", "id"])
    assert [row.values for row in read_document_rows(path, ["text"])] == [
        {"id": "1", "text": "one, two; three"}
    ]


def test_a_table_without_a_column_names_those_that_commas_separate(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1;2\n")
    with pytest.raises(UserError, match="without 'text'; it has a;b"):
        require_document_columns(path, ["text"])


def test_a_cell_may_be_as_long_as_a_book(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"text\n{'word ' * 200_000}\n")
    assert len(next(read_document_rows(path, ["text"])).values["text"]) == 1_000_000


def test_an_open_quote_does_not_take_in_the_rows_behind_it(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('text\n"One\ntwo"\n"Three\nfour\nfive\n')
    with pytest.raises(UserError) as caught:
        list(read_document_rows(path, ["text"]))
    assert caught.value.message == (
        f"A .csv file must be a table. Received: the row at {path}:4 (unexpected end of data)"
    )


def test_times_of_parquet_to_the_nanosecond_are_read_to_the_microsecond(tmp_path):
    path = tmp_path / "t.parquet"
    moments = pyarrow.array([1_700_000_000_000_000_000, 1_700_000_001_000_000_001], pyarrow.timestamp("ns"))
    inner = pyarrow.StructArray.from_arrays([moments], ["at"])
    parquet.write_table(pyarrow.table({"text": ["a", "b"], "at": moments, "meta": inner}), path)
    rows = [row for _, row in read_document_rows(path, ["at", "meta", "text"])]
    expected = datetime(2023, 11, 14, 22, 13, 21)
    assert rows[1] == {"text": "b", "at": expected, "meta": {"at": expected}}


def test_a_csv_row_with_too_many_cells_is_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text,id\nfine,1\none, two,2\n")
    with pytest.raises(UserError) as caught:
        list(read_document_rows(path, ["text"]))
    assert caught.value.message == (
        f"A row of a .csv file must have as many cells as the first, 2. Received: 3 in {path}:3"
    )


def test_only_the_columns_that_are_wanted_are_read_from_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"text": ["a", "b", "c"], "vector": [[0.0] * 8] * 3})
    parquet.write_table(table, path, row_group_size=2)
    assert list(read_document_rows(path, ["text"])) == [
        (f"{path}, row {number}", {"text": text}) for number, text in enumerate("abc", 1)
    ]


def test_lists_of_texts_that_are_kept_in_a_dictionary_are_read_across_row_groups(tmp_path):
    path = tmp_path / "t.parquet"
    texts = pyarrow.array(
        [["one", "two"], ["two"], []], pyarrow.list_(pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))
    )
    parquet.write_table(pyarrow.table({"text": texts}), path, row_group_size=1)
    assert [row.values["text"] for row in read_document_rows(path, ["text"])] == texts.to_pylist()


def test_few_rows_of_parquet_are_in_memory_at_once(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"text": [str(number) for number in range(10)]}), path)
    monkeypatch.setattr(rows, "BATCH_ROWS", 3)
    assert [row.values["text"] for row in read_document_rows(path, ["text"])] == [
        str(number) for number in range(10)
    ]


@pytest.mark.parametrize("cut", [4, 20])
def test_a_damaged_parquet_file_is_named(tmp_path, cut):
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"text": ["a"]}), path)
    path.write_bytes(path.read_bytes()[:-cut])
    for read in (
        lambda: list(read_document_rows(path, ["text"])),
        lambda: require_document_columns(path, ["text"]),
    ):
        with pytest.raises(UserError) as caught:
            read()
        assert caught.value.message.startswith(f"A .parquet file must be readable. Received: {path} (")


def test_a_parquet_file_with_checksums_is_damaged_where_a_page_has_other_bytes(tmp_path):
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"text": ["one", "two", "a word", "four"]})
    parquet.write_table(
        table, path, row_group_size=2, compression="none", use_dictionary=False, write_page_checksum=True
    )
    path.write_bytes(path.read_bytes().replace(b"a word", b"a ward"))
    with pytest.raises(UserError) as caught:
        list(read_document_rows(path, ["text"]))
    assert caught.value.message.startswith(
        f"A .parquet file must be readable. Received: {path} after row 2 (could not verify page integrity"
    )


@pytest.mark.parametrize("column", ["doc.body", "doc"])
def test_a_member_of_which_a_parquet_file_has_several_is_refused(tmp_path, column):
    path = tmp_path / "t.parquet"
    texts = pyarrow.array(["a"])
    member = pyarrow.StructArray.from_arrays([texts, texts], ["body", "body"])
    parquet.write_table(pyarrow.table({"doc": member, "id": texts}), path)
    with pytest.raises(UserError, match=f"several called '{column}'"):
        list(read_document_rows(path, [column]))
    assert len(list(read_document_rows(path, ["id"]))) == 1


def test_bytes_of_a_parquet_file_that_are_no_utf_8_are_named_with_their_row(tmp_path):
    path = tmp_path / "t.parquet"
    broken = pyarrow.array([b"fine", b"caf\xe9"] * 200, pyarrow.binary()).cast(pyarrow.string(), safe=False)
    parquet.write_table(pyarrow.table({"text": broken}), path)
    with pytest.raises(UserError) as caught:
        list(read_document_rows(path, ["text"]))
    assert caught.value.message == (
        f"A column of texts must be UTF-8. Received: {path}, row 2 with byte 0xe9 at offset 3 of the text"
    )


def test_an_empty_file_is_no_parquet_file(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"A \.parquet file must be readable"):
        require_document_columns(path, ["text"])


@pytest.mark.parametrize("form", ["{0}\n", "[\n{0}]", "[{0}]\n", '{{\n"id": 1,{1}'])
def test_a_row_of_json_that_has_a_wanted_column_twice_is_named(tmp_path, form):
    path = tmp_path / "t.jsonl"
    row = '{"text": "one", "id": 1, "text": "two"}'
    path.write_text(form.format(row, row[1:]))
    assert len(list(read_document_rows(path, ["source"]))) == 1
    with pytest.raises(UserError) as caught:
        list(read_document_rows(path, ["text"]))
    assert caught.value.message.startswith(
        f"A JSON object must have each name once. Received: 'text' more than once in {path}:"
    )
