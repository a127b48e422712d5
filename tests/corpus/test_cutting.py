"""Large files cut into ranges: together they give what the whole file gives, wherever it is cut."""

import csv
import io
import random
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from mbert_cli.corpus import cutting
from mbert_cli.corpus.cutting import csv_ranges, file_ranges, line_ranges, part_ranges
from mbert_cli.corpus.rows import read_document_rows
from mbert_cli.text.file_ranges import WHOLE, FileRange
from mbert_cli.text.text_files import read_lines, read_parts

SEEDS = range(6)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of few bytes, so that their ends fall everywhere."""
    monkeypatch.setattr(cutting, "BLOCK_BYTES", 16)
    monkeypatch.setattr(cutting, "_WINDOW_BYTES", 8)


def text_of(seed: int) -> bytes:
    """Words, lines and blank lines in all their forms, some of them long."""
    chance = random.Random(seed)
    ends = [" ", "\n", "\n\n", "\r\n\r\n", "\r\n", "\r\r", "é", "x" * 30]
    weights = [*chance.choices([0, 1, 3], k=len(ends) - 1), 1]
    return "".join(f"w{i}{chance.choices(ends, weights)[0]}" for i in range(200)).encode()


def write(tmp_path: Path, content: bytes, name: str = "a.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def assert_joined(ranges: list[FileRange]) -> None:
    assert (ranges[0].start, ranges[-1].stop) == (0, None)
    assert [one.stop for one in ranges[:-1]] == [one.start for one in ranges[1:]]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("part_bytes", [24, 50])
def test_ranges_of_a_text_have_the_parts_of_the_whole(tmp_path, seed, part_bytes):
    path = write(tmp_path, text_of(seed))
    ranges = part_ranges(path, part_bytes, 3)
    assert_joined(ranges)
    assert len(ranges) > 2
    parts = [part for one in ranges for part in read_parts(path, part_bytes, one)]
    assert parts == list(read_parts(path, part_bytes))


def test_a_text_that_ends_where_a_part_does_has_no_empty_range(tmp_path):
    assert part_ranges(write(tmp_path, b"abc\n\n" * 4), 5, 1) == [
        FileRange(0, 5, 0), FileRange(5, 10, 1), FileRange(10, 15, 2), FileRange(15, None, 3)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("num_bytes", [1, 40, 300])
def test_ranges_of_lines_have_the_lines_and_numbers_of_the_whole(tmp_path, seed, num_bytes):
    path = write(tmp_path, text_of(seed))
    ranges = line_ranges(path, num_bytes)
    assert_joined(ranges)
    assert [line for one in ranges for line in read_lines(path, within=one)] == list(read_lines(path))


def table_of(seed: int, line_end: str) -> bytes:
    chance = random.Random(seed)
    cells = ["a", 'say "x"', '"', "", "one\ntwo", "b,c", '""\r\n"', "\u00e9" * 20]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator=line_end)
    writer.writerow(["text", "id"])
    writer.writerows([chance.choice(cells), str(number)] for number in range(150))
    return stream.getvalue().encode()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("num_bytes", [1, 100])
def test_ranges_of_a_csv_file_have_the_rows_of_the_whole(tmp_path, seed, line_end, num_bytes):
    path = write(tmp_path, table_of(seed, line_end), "t.csv")
    ranges = csv_ranges(path, num_bytes)
    assert_joined(ranges)
    assert len(ranges) > 5
    rows = [row for one in ranges for row in read_document_rows(path, ["text"], one)]
    assert rows == list(read_document_rows(path, ["text"]))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_table_with_other_delimiters_is_cut_after_rows_too(tmp_path, delimiter):
    rows = "".join(f'"a, b{delimiter}\n""c"""{delimiter}{number}\n' for number in range(40))
    path = write(tmp_path, f"text{delimiter}id\n{rows}".encode(), "t.csv")
    ranges = file_ranges(path, "text", 60)
    assert len(ranges) > 5
    found = [row.values for one in ranges for row in read_document_rows(path, ["id", "text"], one)]
    assert found == [{"text": f'a, b{delimiter}\n"c"', "id": str(number)} for number in range(40)]


@pytest.mark.parametrize("row", ['5" tall,1', 'an "odd,1', 'x "y" z,2'])
def test_a_csv_file_is_not_cut_behind_a_mark_that_encloses_no_cell(tmp_path, row):
    begin = "text,id\n" + "plain,1\n" * 9
    path = write(tmp_path, (begin + row + "\n" + '"a\nb",1\n' * 20).encode(), "t.csv")
    ranges = csv_ranges(path, 10)
    assert ranges[-1].start <= len(begin)
    rows = [found for one in ranges for found in read_document_rows(path, ["text"], one)]
    assert rows == list(read_document_rows(path, ["text"]))


def test_a_byte_order_mark_before_a_quoted_name_does_not_keep_a_file_whole(tmp_path):
    path = write(tmp_path, b'\xef\xbb\xbf"text","id"\n' + b"plain,1\n" * 40, "t.csv")
    assert len(csv_ranges(path, 40)) > 3
    assert {row.values["text"] for row in read_document_rows(path, ["text"])} == {"plain"}


def test_a_parquet_file_is_cut_between_row_groups(tmp_path):
    path = tmp_path / "t.parquet"
    texts = [f"{number} " * 50 for number in range(70)]
    parquet.write_table(pyarrow.table({"text": texts, "id": range(70)}), path, row_group_size=10)
    ranges = file_ranges(path, "text", 4000)
    assert [(one.start, one.stop, one.before) for one in ranges] == [
        (0, 2, 0),
        (2, 4, 20),
        (4, 6, 40),
        (6, None, 60),
    ]
    rows = [row for one in ranges for row in read_document_rows(path, ["text"], one)]
    assert rows == list(read_document_rows(path, ["text"]))
    assert rows[45].place == f"{path}, row 46"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.jsonl", "a.csv"])
def test_a_small_or_packed_file_and_one_of_a_single_value_stay_whole(tmp_path, name):
    content = b'[\n{"text": "a"},\n{"text": "b"}]\n' * 9
    assert file_ranges(write(tmp_path, content, name), "text", 10**6) == [WHOLE]
    assert file_ranges(write(tmp_path, content, f"{name}.gz"), "text", 10) == [WHOLE]
    assert file_ranges(write(tmp_path, content, "b.jsonl"), "text", 10) == [WHOLE]
