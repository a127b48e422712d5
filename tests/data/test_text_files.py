"""Text files are read strictly, in parts, and what is wrong is named with its byte."""

import gzip

import pytest

from mbert_cli.data.text_files import read_lines, read_parts, suffix_of
from mbert_cli.errors import UserError

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


def test_lines_are_numbered_and_have_no_line_ends(tmp_path):
    path = write(tmp_path, "a\r\n\nc\u2028d".encode())
    assert list(read_lines(path)) == [(1, "a"), (2, ""), (3, "c\u2028d")]


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
            "leave binary files out, or convert the file: iconv -f ENCODING -t UTF-8"
        )


def test_damaged_gzip_is_named(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"hello " * 1000)[:-12])
    for read in (read_parts, read_lines):
        with pytest.raises(UserError) as caught:
            list(read(path))
        assert caught.value.message == (
            f"A text file must be readable. Received: {path} "
            "(Compressed file ended before the end-of-stream marker was reached)"
        )
        assert (
            caught.value.hint == "check the path, the permissions, and with `gzip -t` a file that ends in .gz"
        )


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        list(read_lines(tmp_path / "none.tsv"))
    assert caught.value.message == (
        f"A text file must be readable. Received: {tmp_path / 'none.tsv'} (No such file or directory)"
    )
