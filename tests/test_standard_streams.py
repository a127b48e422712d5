"""Output in any encoding, into closed streams and into pipes that nobody reads."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mbert_cli.standard_streams import json_line, printable

ROOT = Path(__file__).parents[1]
MBERT = [sys.executable, "-m", "mbert_cli.cli"]


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def environment(**variables: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)} | variables


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "café 😀 \\udcff \\x1b[31m"),
        ("cp1252", "café \\U0001f600 \\udcff \\x1b[31m"),
        ("ascii", "caf\\xe9 \\U0001f600 \\udcff \\x1b[31m"),
    ],
)
def test_what_a_stream_cannot_hold_and_what_a_terminal_obeys_is_escaped(encoding, shown):
    assert printable("café 😀 \udcff \x1b[31m", stream(encoding)) == shown


def test_line_breaks_and_tabs_stay():
    assert printable("a\tb\nc", stream("ascii")) == "a\tb\nc"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "ascii", "cp1252", "latin-1", "utf-16"])
def test_a_json_line_is_one_line_and_says_the_same_in_every_encoding(encoding):
    record = {"text": "café 😀 \udcff \u2028 \x85 \x7f \x00", "value": 0.5}
    line = json_line(record, stream(encoding))
    assert json.loads(line) == record
    assert len(line.splitlines()) == 1
    assert line.isascii() == (encoding.lower().replace("-", "") != "utf8")
    line.encode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_error_with_a_file_name_of_odd_bytes_is_a_sentence(encoding, tmp_path):
    # The name is on the command line as bytes; b"\xff" is no UTF-8.
    answer = subprocess.run(
        [*MBERT, "recipe", "check", "distill", b"mod\xffle caf\xc3\xa9 \xf0\x9f\x98\x80.yaml"],
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING=encoding),
        capture_output=True,
        check=False,
    )
    errors = answer.stderr.decode(encoding)
    assert answer.returncode == 2
    assert errors.startswith("Error: A recipe given as a path must be a file. Received: mod\\udcffle caf")
    assert "Traceback" not in errors


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_table_keeps_its_columns_where_there_are_no_box_characters(encoding, tmp_path):
    answer = subprocess.run(
        [*MBERT, "recipe", "list"],
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING=encoding),
        capture_output=True,
        check=False,
    )
    heading, rule, *_ = answer.stdout.decode(encoding).splitlines()
    assert heading.split("|")[0].strip() == "verb"
    assert set(rule) == {"-", "+"}


@pytest.mark.parametrize("words", [["recipe", "explain"], ["--help"], ["recipe", "list"]])
def test_a_pipe_that_nobody_reads_ends_the_command_quietly(words, tmp_path):
    command = subprocess.Popen(
        [*MBERT, *words], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    assert command.wait() == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_told_in_a_sentence(tmp_path):
    with open("/dev/full", "wb") as full:
        answer = subprocess.run(
            [*MBERT, "recipe", "list"],
            cwd=tmp_path,
            env=environment(),
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert (answer.returncode, answer.stderr) == (1, b"Error: No space left on device.\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_runs_with_closed_streams(closed, tmp_path):
    line = f'"$0" -m mbert_cli.cli recipe copy distill/quickstart mine.yaml {closed}'
    subprocess.run(["sh", "-c", line, sys.executable], cwd=tmp_path, env=environment(), check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_command_without_standard_input_has_nothing_to_read(tmp_path):
    code = (
        "import sys\nfrom mbert_cli.standard_streams import prepare_streams\nprepare_streams()\n"
        "print(repr(sys.stdin.buffer.read()))"
    )
    line = '"$0" -c "$1" <&-'
    answer = subprocess.run(
        ["sh", "-c", line, sys.executable, code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert answer.stdout == b"b''\n"


def test_a_name_that_the_system_cannot_write_is_told_in_a_sentence(tmp_path):
    (tmp_path / "mine.yaml").write_text("corpus:\n  source: files\n  globs: ['texte/für/*.txt']\n", "utf-8")
    ascii_system = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    answer = subprocess.run(
        [*MBERT, "prepare", "mine.yaml", "--dry-run"],
        cwd=tmp_path,
        env=ascii_system,
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 2
    assert b"Traceback" not in answer.stderr
    assert answer.stderr.startswith(b"Error: ")
