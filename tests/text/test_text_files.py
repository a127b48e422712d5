"""Text files are read strictly, in parts, and what is wrong is named with its byte."""

import gzip
import io

import pyarrow
import pytest

from mbert_cli.errors import UserError
from mbert_cli.text import text_files
from mbert_cli.text.text_files import STANDARD_INPUT, read_lines, read_parts, suffix_of

RULE = "A text file must be UTF-8 without NUL bytes. Received: "


def write(tmp_path, content: bytes, name: str = "a.txt"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("part_bytes", [7, 16, 64, 1000])
def test_parts_are_the_whole_text(tmp_path, name, part_bytes):
    text = "First paragraph.\n\nSecond: éàü — 東京東京東京東京\n\n" + "x" * 40 + "\nlast line\n"
    parts = list(read_parts(write(tmp_path, text.encode(), name), part_bytes))
    assert "".join(parts) == text
    assert (len(parts) == 1) == (part_bytes == 1000)


def test_parts_end_at_a_blank_line(tmp_path):
    path = write(tmp_path, b"one one\n\ntwo two\n\nthree\n")
    assert list(read_parts(path, 20)) == ["one one\n\ntwo two\n\n", "three\n"]


def test_byte_order_mark_is_no_text(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbfhello\n")
    assert list(read_parts(path)) == ["hello\n"]
    assert list(read_lines(path)) == [(1, "hello")]


def test_empty_file_is_one_empty_part(tmp_path):
    assert list(read_parts(write(tmp_path, b""))) == [""]
    assert list(read_lines(write(tmp_path, b""))) == []


LINES = "\ufeffa\r\n\nc\u2028d\x0ce\x85f\x1cg\rh\r\ri\r"
CUT = [(1, "a"), (2, ""), (3, "c\u2028d\x0ce\x85f\x1cg"), (4, "h"), (5, ""), (6, "i")]


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 7, 1000])
def test_lines_end_at_lf_cr_lf_and_cr_and_nowhere_else(tmp_path, monkeypatch, block_bytes):
    monkeypatch.setattr(text_files, "_BLOCK_BYTES", block_bytes)
    assert list(read_lines(write(tmp_path, LINES.encode()))) == CUT
    assert list(read_lines(write(tmp_path, LINES.encode(), "a.txt.gz"))) == CUT


def test_standard_input_has_the_lines_of_a_file(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINES.encode()), "ascii"))
    assert list(read_lines(STANDARD_INPUT)) == CUT


def test_what_is_wrong_with_standard_input_is_named(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"one\ncaf\xe9\n")))
    with pytest.raises(UserError) as caught:
        list(read_lines(STANDARD_INPUT))
    assert caught.value.message == f"{RULE}standard input with byte 0xe9 at offset 7"


def test_a_long_line_is_read_in_one_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "_BLOCK_BYTES", 16)
    sizes = []

    class Counted(io.BytesIO):
        def read(self, size):
            sizes.append(size)
            return super().read(size)

    monkeypatch.setattr(text_files, "open_binary", lambda path, start: Counted(b"x" * 10_000))
    assert list(read_lines(tmp_path / "a.txt")) == [(1, "x" * 10_000)]
    assert len(sizes) < 15


def test_parts_of_a_file_with_cr_lines_end_at_a_blank_line(tmp_path):
    path = write(tmp_path, b"one one\r\rtwo two\r\rthree\r")
    assert list(read_parts(path, 20)) == ["one one\r\rtwo two\r\r", "three\r"]


def test_suffix_looks_below_gz(tmp_path):
    assert [suffix_of(tmp_path / name) for name in ("a.TXT", "a.jsonl.gz", "a.gz", "a")] == [
        ".txt", ".jsonl", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize(
    ("content", "byte", "offset"),
    [
        (b"hello\0world", "00", 5),
        (b"caf\xe9 and\0more", "e9", 3),
        (b"a\0caf\xe9", "00", 1),
        (b"\xff\xfeh\0i\0", "ff", 0),
        (b"\xef\xbb\xbfab\xff", "ff", 5),
        (b"first\n\n" * 10 + b"\x80", "80", 70),
    ],
)
def test_binary_file_is_named_with_the_byte(tmp_path, name, content, byte, offset):
    path = write(tmp_path, content, name)
    for read in (
        lambda: list(read_parts(path, 16)),
        lambda: list(read_parts(path)),
        lambda: list(read_lines(path)),
    ):
        with pytest.raises(UserError) as caught:
            read()
        assert caught.value.message == f"{RULE}{path} with byte 0x{byte} at offset {offset}"
        assert caught.value.hint == (
            "Leave binary files out, or convert the file with `iconv -f ENCODING -t UTF-8`."
        )


@pytest.mark.parametrize(
    ("suffix", "pack", "reason"),
    [
        (".gz", gzip.compress, "Compressed file ended before the end-of-stream marker was reached"),
        (".zst", lambda data: bytes(pyarrow.compress(data, "zstd")), "Truncated compressed stream"),
    ],
)
def test_a_damaged_packed_file_is_named_with_the_place_that_was_reached(tmp_path, suffix, pack, reason):
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(pack(b"hello " * 1000)[:-6])
    for read in (read_parts, read_lines):
        with pytest.raises(UserError) as caught:
            list(read(path))
        assert caught.value.message == (
            f"A text file must be readable. Received: {path} before offset {path.stat().st_size} ({reason})"
        )
        assert caught.value.hint == (
            "Check the path, the permissions, and a packed file with `gzip -t` or `zstd -t`."
        )


@pytest.mark.parametrize("suffix", [".gz", ".ZST"])
def test_an_empty_file_is_no_packed_one(tmp_path, suffix):
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(b"")
    with pytest.raises(UserError) as error:
        list(read_parts(path))
    assert error.value.message == (
        f"A text file must be readable. Received: {path} before offset 0 (the file is empty)"
    )


def test_capital_letters_of_a_suffix_are_read_as_small_ones(tmp_path):
    path = tmp_path / "A.TXT.GZ"
    path.write_bytes(gzip.compress(b"one"))
    assert (list(read_parts(path)), suffix_of(path)) == (["one"], ".txt")


def test_every_frame_of_a_zstandard_file_is_read(tmp_path):
    path = tmp_path / "a.txt.zst"
    path.write_bytes(bytes(pyarrow.compress(b"one\n", "zstd")) + bytes(pyarrow.compress(b"two\n", "zstd")))
    assert [line for _, line in read_lines(path)] == ["one", "two"]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        list(read_lines(tmp_path / "none.tsv"))
    assert caught.value.message == (
        f"A text file must be readable. Received: {tmp_path / 'none.tsv'} (No such file or directory)"
    )


@pytest.mark.parametrize(
    ("encoding", "content", "found"),
    [
        ("ascii", b"a\nb \xe9", "with byte 0xe9 at offset 4"),
        ("unicode_escape", rb"a\nb\ud800", "with half of a surrogate pair in line 2"),
        ("utf-7", b"a\n\nb +2AA-", "with half of a surrogate pair in line 3"),
    ],
)
def test_what_is_no_text_in_the_encoding_that_is_named_is_an_error_with_its_place(
    tmp_path, encoding, content, found
):
    path = write(tmp_path, content)
    with pytest.raises(UserError) as caught:
        list(read_lines(path, encoding))
    assert caught.value.message == (
        f"A file must be in the encoding that is named for it, {encoding}. Received: {path} {found}"
    )
