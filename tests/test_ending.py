"""Whatever ends a command becomes a message and an exit code."""

import os
import subprocess
import sys

import pytest

from mbert_cli import console
from mbert_cli.errors import Interrupted, RunError, UserError

STOPPED = "Stopped by Ctrl-C.\nHint: What a run had saved is kept; the same command continues from there.\n"


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    yield
    console.set_quiet(False)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            UserError("The rule. Received: x", "mbert runs"),
            2,
            "Error: The rule. Received: x\nHint: mbert runs\n",
        ),
        (RunError("The loss is not finite."), 1, "Error: The loss is not finite.\n"),
        (Interrupted("Saved at step 3."), 130, "Saved at step 3.\n"),
        (KeyboardInterrupt(), 130, STOPPED),
        (
            OSError(28, "No space left on device", "runs/x"),
            1,
            "Error: No space left on device. Received: runs/x\n",
        ),
    ],
)
def test_an_error_is_a_sentence_with_a_hint_and_an_exit_code(run, record, error, code, message):
    record("prepare", error)
    assert run("prepare") == (code, "", message)


def test_our_own_bug_is_a_traceback_that_says_so(run, record):
    record("prepare", ValueError("unexpected"))
    code, out, err = run("prepare")
    assert (code, out) == (1, "")
    assert "ValueError: unexpected" in err
    assert err.endswith(
        "Error: This is a bug of mbert.\n"
        "Hint: Report it with the lines above and the output of `mbert --version`.\n"
    )


def test_memory_that_ends_is_no_bug(run, record):
    record("prepare", MemoryError("Unable to allocate 9 TiB"))
    said = (
        "Error: There must be enough memory. Received: Unable to allocate 9 TiB\n"
        "Hint: Lower store.workers. Other programs may hold memory, too.\n"
    )
    assert run("prepare") == (1, "", said)


def test_an_error_of_the_system_without_words_is_a_bug(run, record):
    record("prepare", OSError("no words"))
    code, _, err = run("prepare")
    assert code == 1 and err.endswith("Report it with the lines above and the output of `mbert --version`.\n")


def test_an_error_of_the_system_without_a_file_is_a_sentence(run, record):
    record("prepare", OSError(28, "No space left on device"))
    assert run("prepare") == (1, "", "Error: No space left on device.\n")


def test_a_command_that_ends_is_done(run, record):
    record("prepare")
    assert run("prepare") == (0, "", "")


SCRATCH = """
import os, signal, sys, time
from tempfile import TemporaryDirectory
from mbert_cli import cli
from mbert_cli.commands import version

def wait(*arguments):
    with TemporaryDirectory(dir=sys.argv[1]):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)

version.print_versions = wait
cli.main(["--version"])
"""


def test_a_process_that_is_terminated_removes_its_scratch_folders(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRATCH, str(tmp_path)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.returncode == 143, done.stderr
    assert list(tmp_path.iterdir()) == []
