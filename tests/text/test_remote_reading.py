"""Remote files are read to their end where connections break, or it is said where they broke."""

import gzip
import io

import fsspec
import pyarrow
import pytest
from pyarrow import parquet

from mbert_cli.corpus.rows import read_document_rows
from mbert_cli.errors import UserError
from mbert_cli.text import remote_reading
from mbert_cli.text.remote_files import forget_remote_files, match_remote_files
from mbert_cli.text.text_files import read_lines, read_parts
from tests.web_server import serve

TEXT = "".join(f"Line {number} of a long text.\n" for number in range(60_000)).encode()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(remote_reading, "WAIT_SECONDS", 0.0)
    forget_remote_files()


@pytest.fixture
def site():
    with serve() as server:
        server.files |= {"/a.txt": TEXT, "/a.txt.gz": gzip.compress(TEXT)}
        yield server


def file_of(site, name: str):
    return match_remote_files(f"{site.url}/{name}")[0]


@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize(
    ("name", "breaks"),
    [
        ("a.txt", []),
        ("a.txt", [1_500_000]),
        ("a.txt", [0, 1_000_000, 7, 300_000]),
        ("a.txt.gz", [100_000]),
    ],
)
def test_reading_goes_on_where_a_connection_breaks(site, name, has_ranges, breaks):
    site.has_ranges = has_ranges
    file = file_of(site, name)
    site.breaks = list(breaks)
    assert "".join(read_parts(file)).encode() == TEXT
    assert not site.breaks


def test_where_ranges_are_sent_nothing_is_sent_twice(site):
    file = file_of(site, "a.txt")
    site.breaks, site.requests = [1_500_000], []
    "".join(read_parts(file))
    (_, first), (_, second), *_ = site.requests
    assert not first
    assert 0 < int(second.removeprefix("bytes=").partition("-")[0]) <= 1_500_000


def test_a_connection_that_breaks_for_good_is_told_with_its_place(site):
    file = file_of(site, "a.txt")
    site.breaks = [1_500_000, *[0] * 99]
    with pytest.raises(UserError) as caught:
        list(read_lines(file))
    words = caught.value.message.split()
    assert caught.value.message.startswith(
        f"A remote file must be readable to its end. Received: {file} at offset "
    )
    assert 0 < int(words[words.index("offset") + 1].replace(",", "")) <= 1_500_000
    assert caught.value.hint == "Run the same command again when the connection is better."


def test_a_file_that_changes_while_it_is_read_is_refused(site):
    file = file_of(site, "a.txt")
    site.breaks = [1_500_000]
    with file.open() as opened:
        opened.read(1000)
        site.files["/a.txt"] = TEXT.upper()
        with pytest.raises(UserError, match="A remote file must stay as it is while it is read"):
            opened.read()


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_table_of_row_groups_is_read_from_the_web(site, has_ranges):
    stream = io.BytesIO()
    texts = [f"Text {number}." for number in range(500)]
    parquet.write_table(pyarrow.table({"text": texts}), stream, row_group_size=100)
    site.files["/t.parquet"] = stream.getvalue()
    site.has_ranges = has_ranges
    rows = read_document_rows(file_of(site, "t.parquet"), ["text"])
    assert [row.values["text"] for row in rows] == texts


def test_a_file_in_a_bucket_can_be_read_at_any_place():
    memory = fsspec.filesystem("memory")
    memory.pipe("/a.txt", b"0123456789")
    with match_remote_files("memory://a.txt")[0].open() as file:
        assert (file.seek(-3, io.SEEK_END), file.read(), file.seek(2), file.read(3)) == (7, b"789", 2, b"234")
    memory.store.clear()
