"""Word vectors in text files, and what is said where one is damaged."""

import gzip
from pathlib import Path

import pytest

from mbert_cli.augment.vector_file import read_vectors
from mbert_cli.errors import UserError

GLOVE = "good 1 0.5\nnice 2e0 -0.5\n, 1 1\n"


def read(folder: Path, text: str, max_rows: int = 100):
    file = folder / "vectors.txt"
    file.write_text(text)
    return read_vectors(file, max_rows)


@pytest.mark.parametrize("text", [GLOVE, f"3 2\n{GLOVE}", GLOVE.replace("\n", " \n"), f"\n{GLOVE}"])
def test_glove_and_word2vec_are_read(tmp_path, text):
    table = read(tmp_path, text)
    assert table.words == ["good", "nice"]
    assert table.directions.dtype == "float32"
    assert table.directions[1] == pytest.approx([0.970143, -0.242536], abs=1e-6)


def test_a_packed_file_is_read(tmp_path):
    (tmp_path / "vectors.txt.gz").write_bytes(gzip.compress(GLOVE.encode()))
    assert read_vectors(tmp_path / "vectors.txt.gz", 100).words == ["good", "nice"]


def test_no_more_rows_are_read_than_are_wanted(tmp_path):
    assert read(tmp_path, f"3 2\n{GLOVE}broken 1\n", max_rows=3).words == ["good", "nice"]
    assert read(tmp_path, GLOVE, max_rows=1).words == ["good"]


def test_words_with_spaces_are_passed_over(tmp_path):
    assert read(tmp_path, "good 1 0\n. . . 1 2\nat name@domain.com 1 2\nnice 0 1\n").words == ["good", "nice"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("good 1 0\nnice 1\n", "Received: 1 in {}:2"),
        ("good 1 0\n\nnice 1 2 3\n", "Received: 3 in {}:3"),
        ("2 3\ngood 1 0\n", "as the first, 3. Received: 2 in {}:2"),
        ("good 1 0\nnice\n", "Received: 0 in {}:2"),
        ("good 1 0\nnice 1 x\n", "must be finite numbers. Received: 'x' in {}:2"),
        ("good 1 0\nnice 1 nan\n", "must be finite numbers. Received: 'nan' in {}:2"),
        ("good 1 0\nnice 1 1e50\n", "must be finite numbers. Received: '1e50' in {}:2"),
        ("good 1 0\nnice 1_0 1\n", "must be finite numbers. Received: '1_0' in {}:2"),
        ("good 1 0\nnice 1 \u0661\n", "must be finite numbers. Received: '\u0661' in {}:2"),
        ("good\t1\t0\n", r"with spaces between. Received: 'good\t1\t0' in {}:1"),
        ("good,1,0\n", "with spaces between. Received: 'good,1,0' in {}:1"),
        ("good 1 0\nnice  1\n", "must be finite numbers. Received: '' in {}:2"),
        ("", "must have rows of words. Received: {}, where none of 0 is of use"),
        (", 1 2\n. 1 2\ngood 0 0\n", "must have rows of words. Received: {}, where none of 3 is of use"),
    ],
)
def test_a_damaged_file_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert message.format(tmp_path / "vectors.txt") in caught.value.message


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match=r"vectors\.path must be a file"):
        read_vectors(tmp_path / "gone.txt", 10)


def test_a_file_in_the_home_directory_is_written_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "vectors.txt").touch()
    with pytest.raises(UserError) as caught:
        read_vectors(Path("~/vectors.txt"), 10)
    assert caught.value.hint.startswith(f"Write {tmp_path}/vectors.txt: ")
