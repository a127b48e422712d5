"""The encoding of a table: its mark, the recipe's word, or UTF-8."""

import pytest

from mbert_cli.examples.table_encoding import find_encoding, say_encoding


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"\xef\xbb\xbfa", "utf-8"),
        ("a".encode("utf-16-le"), "utf-8"),
        (b"\xff\xfe" + "a".encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + "a".encode("utf-16-be"), "utf-16"),
        (b"\xff\xfe\0\0" + "a".encode("utf-32-le"), "utf-32"),
        (b"\0\0\xfe\xff" + "a".encode("utf-32-be"), "utf-32"),
    ],
)
def test_a_mark_at_the_beginning_tells_the_encoding(tmp_path, content, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert find_encoding(path, None) == encoding
    assert say_encoding(path, encoding, None) == (
        [] if encoding == "utf-8" else [f"t.csv is read as {encoding}"]
    )


@pytest.mark.parametrize(
    ("named", "encoding"), [("UTF8", "utf-8"), ("latin-1", "iso8859-1"), ("CP1252", "cp1252")]
)
def test_a_named_encoding_has_one_name(tmp_path, named, encoding):
    path = tmp_path / "t.csv"
    path.write_text("plain ASCII")
    assert find_encoding(path, named) == encoding
    assert say_encoding(path, encoding, named) == []
