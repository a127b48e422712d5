"""How far a work is, on terminals of every width and in logs."""

import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest
from rich.console import Console

from mbert_cli import progress
from mbert_cli.display import MEGABYTES
from mbert_cli.progress import Bar, Lines, Pace

ROOT = Path(__file__).parents[1]
WIDTHS = (60, 80, 100, 120)


@pytest.fixture
def moment(monkeypatch):
    """A clock that stands still until it is set."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def terminal(width: int, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(width=width, file=file, force_terminal=True, record=True, color_system=None)


def shown(bar: Bar, stream: Console) -> str:
    stream.print(bar)
    return stream.export_text().rstrip()


def training(stream: Console, moment: list[float]) -> Bar:
    """A distillation after 400 of 10,000 steps, a tenth of a second each after one of 20 seconds."""
    bar = Bar(stream, 10_000, "distill", 0)
    bar.update(0, building="transfer layer_03")
    moment[0] = 20.0
    bar.update(1)
    moment[0] = 20.0 + 39.9
    bar.update(400, stage="transfer layer_03", loss=0.69314, learning_rate=1e-4, examples_per_second=81.26)
    return bar


LINES = {
    60: "distill ───────    400/10,000  16:00 left  loss 0.6931",
    80: "distill ──────────    400/10,000  16:00 left  loss 0.6931  transfer layer_03",
    100: "distill ────────────    400/10,000  16:00 left  loss 0.6931  transfer layer_03  81.3 examples/s",
    120: "distill ────────────    400/10,000  16:00 left  loss 0.6931  transfer layer_03  81.3 examples/s  "
    "learning rate 0.0001",
}


@pytest.mark.parametrize("width", WIDTHS)
def test_bar_step_and_time_are_always_there_and_figures_go_from_the_least_important_on(width, moment):
    stream = terminal(width)
    assert shown(training(stream, moment), stream) == LINES[width]


@pytest.mark.parametrize("width", [*range(40, 60), *WIDTHS, 200])
def test_one_line_leaves_room_for_what_a_terminal_shows_at_ctrl_c(width, moment):
    stream = terminal(width)
    text = shown(training(stream, moment), stream)
    assert "\n" not in text
    assert len(text) <= width - 3
    assert "─" in text
    assert "400/10,000  16:00 left" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stage_that_is_built_is_named(width, moment):
    stream = terminal(width)
    bar = training(stream, moment)
    bar.update(2_000, building="transfer layer_04")
    text = shown(bar, stream)
    assert ("building transfer layer_04" if width > 60 else "building layer_04") in text
    assert "loss" not in text
    moment[0] += 5
    bar.update(2_001)
    assert "building" not in shown(bar, stream)


def test_the_bar_grows_with_the_share_that_is_done(moment):
    stream = terminal(100)
    bar = Bar(stream, 12, "encoding", 0)
    bar.update(9)
    assert "encoding ━━━━━━━━━─── " in shown(bar, stream)


def test_a_terminal_without_box_characters_gets_a_bar_of_ascii(moment):
    stream = terminal(80, "ascii")
    assert shown(training(stream, moment), stream).isascii()


def test_a_time_says_whether_it_is_elapsed_or_left(moment):
    stream = terminal(80)
    bar = Bar(stream, 100, "encoding", 0)
    moment[0] = 8.0
    assert "0/100  0:08 elapsed" in shown(bar, stream)
    bar.update(1)
    moment[0] = 9.0
    bar.update(2)
    assert "2/100  1:38 left" in shown(bar, stream)
    bar.update(100)
    assert "100/100  0:09 elapsed" in shown(bar, stream)


def test_a_work_of_unknown_length_shows_what_is_done(moment):
    stream = terminal(80)
    bar = Bar(stream, None, "documents", 0)
    moment[0] = 2.0
    assert shown(bar, stream) == "documents  0:02 elapsed"
    moment[0] = 3.0
    bar.update(1_234)
    assert " 1,234  0:03 elapsed" in shown(bar, stream)


def test_the_first_step_of_a_stage_and_its_compilation_say_nothing_of_the_time_left(moment):
    pace = Pace(100, 0)
    pace.wait()
    moment[0] = 60.0
    pace.reach(1)
    assert pace.left() is None
    moment[0] = 70.0
    pace.reach(11)
    assert pace.left() == pytest.approx(89.0)
    pace.wait()
    moment[0] = 130.0
    assert pace.left() == pytest.approx(89.0)
    pace.reach(12)
    assert pace.left() == pytest.approx(88.0)
    moment[0] = 140.0
    pace.reach(17)
    assert pace.left() == pytest.approx(2.0 * 83)


def test_time_runs_down_between_two_steps(moment):
    pace = Pace(10, 0)
    for second in (0.0, 10.0, 20.0):
        moment[0] = second
        pace.reach(round(second / 10) + 1)
    assert pace.left() == pytest.approx(70.0)
    moment[0] = 24.0
    assert pace.left() == pytest.approx(66.0)
    moment[0] = 500.0
    assert pace.left() == 0.0


def test_a_run_that_is_continued_counts_the_steps_of_this_time(moment):
    pace = Pace(1_000, 900)
    moment[0] = 30.0
    pace.reach(901)
    moment[0] = 31.0
    pace.reach(911)
    assert pace.left() == pytest.approx(8.9)


def test_a_log_says_what_is_built_and_what_is_left(moment):
    stream = terminal(200)
    lines = Lines(stream, 1_000, "distill", 0)
    lines.update(0, building="transfer layer_00")
    moment[0] = 20.0
    lines.update(1)
    moment[0] = 21.0
    lines.update(11, stage="transfer layer_00", loss=3.14159)
    assert stream.export_text().splitlines() == [
        "distill 0/1,000  building transfer layer_00",
        "distill 11/1,000  transfer layer_00  loss 3.142  1:39 left",
    ]


def test_bytes_are_shown_in_megabytes_with_their_rate(moment):
    stream = terminal(100)
    bar = Bar(stream, 80_100_000, "encoding", 0, MEGABYTES)
    bar.update(2_300_000)
    moment[0] = 5.0
    bar.update(12_300_000, megabytes_per_second=2.46, documents=1_234)
    assert shown(bar, stream) == "encoding ━━────────── 12.3/80.1 MB  0:34 left   2.46 MB/s  1,234 documents"


def test_a_log_of_frequent_updates_gets_a_line_twice_a_minute_with_its_figures(moment):
    stream = terminal(200)
    lines = Lines(stream, 100_000_000, "encoding", 0, MEGABYTES, sparse=True)
    for second in range(1, 65):
        moment[0] = float(second)
        lines.update(second * 10**6, documents=1)
    assert stream.export_text().splitlines() == [
        "encoding 30.0/100.0 MB  1 document  1:10 left",
        "encoding 60.0/100.0 MB  1 document  0:40 left",
    ]


PROGRAM = """
import time
from mbert_cli import console
from mbert_cli.train.interrupt import InterruptRequest
with InterruptRequest() as request, console.progress(1000, "train-teacher") as bar:
    for step in range(1000):
        bar.update(step, stage="pre-training", loss=1.0, examples_per_second=81.0, learning_rate=1e-4)
        time.sleep(0.05)
        if request.received:
            break
console.stopped("Stopped.")
"""


@pytest.mark.parametrize("width", WIDTHS)
def test_ctrl_c_leaves_one_line_of_progress(width):
    """On a real terminal, which shows ^C at the end of the line: what is left on its screen."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={k: v for k, v in os.environ.items() if k != "COLUMNS"}
        | {"PYTHONPATH": str(ROOT), "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(follower)
    written = b""
    deadline = time.monotonic() + 30
    while b"loss" not in written and time.monotonic() < deadline:
        written += os.read(leader, 65536)
    os.write(leader, b"^C")  # what the terminal's line discipline would echo
    process.send_signal(signal.SIGINT)
    while True:
        try:
            written += os.read(leader, 65536)
        except OSError:
            break
    assert process.wait() == 0
    lines = _screen(written.decode(), width)
    assert sum("train-teacher" in line or "/1,000" in line for line in lines) == 1
    assert lines[-1] == "Stopped."


def _screen(written: str, width: int) -> list[str]:
    """The lines of a terminal after what was written to it, with breaks at its width."""
    rows, row, column = [""], 0, 0
    for escape, character in re.findall(r"(\x1b\[[?\d;]*[a-zA-Z])|(.)", written, flags=re.DOTALL):
        if escape == "\x1b[2K":
            rows[row] = ""
        elif escape.endswith("A"):
            row = max(0, row - int(escape[2:-1] or 1))
        elif character == "\r":
            column = 0
        elif character == "\n":
            row, rows = row + 1, [*rows, ""] if row + 1 == len(rows) else rows
        elif character:
            if column == width:
                row, column, rows = row + 1, 0, [*rows, ""] if row + 1 == len(rows) else rows
            rows[row] = rows[row][:column].ljust(column) + character + rows[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in rows if line.strip()]
