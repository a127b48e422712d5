"""The one place where errors end: whatever ends a command becomes a message and an exit code."""

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import NoReturn

import typer

from mbert_cli import console
from mbert_cli.completion import complete_bash
from mbert_cli.errors import Interrupted, RunError, UserError
from mbert_cli.home import require_home
from mbert_cli.machine_problems import machine_problem
from mbert_cli.standard_streams import end_streams, prepare_streams
from mbert_cli.termination import end_by_signal

_INSTALL = "--install-completion"


def run_to_its_end(app: typer.Typer, words: list[str]) -> NoReturn:
    """Runs a command line and exits: 0 done, 1 failed, 2 wrong input, 130 interrupted, 143 terminated.

    Args:
        app: The verbs.
        words: What was typed behind `mbert`.
    """

    def work() -> None:
        if _INSTALL in words:
            require_home()
        app(args=words, prog_name="mbert", obj={"command": ("mbert", *words)})

    # What is left at the end goes with the process: looking for cycles in TensorFlow's modules takes a second.
    atexit.register(gc.freeze)
    _clean_up_after_term()
    completes_in_bash = os.environ.get("_MBERT_COMPLETE") == "complete_bash"
    prepare_streams()
    try:
        _end(partial(complete_bash, work) if completes_in_bash else work, words)
    finally:
        _end_output()


def _clean_up_after_term() -> None:
    """Has SIGTERM end the process in order, so that what lies in scratch folders goes; else the system ends it."""
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, end_by_signal)


def _end(work: Callable[[], object], words: list[str]) -> NoReturn:
    try:
        work()
    except Interrupted as stop:
        console.stopped(stop.message, stop.hint)
        sys.exit(stop.exit_code)
    except UserError as problem:
        console.error(problem.message, problem.hint)
        sys.exit(problem.exit_code)
    except SystemExit as ending:
        if ending.code == Interrupted.exit_code:
            console.stopped(
                "Stopped by Ctrl-C.", "What a run had saved is kept; the same command continues from there."
            )
        raise
    except OSError as problem:
        if problem.strerror is None:
            console.crash()
        else:
            named = f" Received: {problem.filename}" if problem.filename else ""
            console.error(f"{problem.strerror}.{named}")
        sys.exit(RunError.exit_code)
    except UnicodeEncodeError as problem:
        encoding = sys.getfilesystemencoding()
        if encoding == "utf-8":
            console.crash()
            sys.exit(RunError.exit_code)
        console.error(
            f"The system's encoding for names of files, {encoding}, must hold every name. "
            f"Received: {problem.object[problem.start : problem.end]}",
            "Set PYTHONUTF8=1.",
        )
        sys.exit(UserError.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever else comes here is a bug, and is shown as one
        _end_unforeseen(error, words)
    sys.exit(0)


def _end_unforeseen(error: Exception, words: list[str]) -> NoReturn:
    """Ends with a sentence on the machine, or with a bug of ours."""
    told = machine_problem(error, words)
    if told is None:
        console.crash()
        sys.exit(RunError.exit_code)
    console.error(told.message, told.hint)
    sys.exit(told.exit_code)


def _end_output() -> None:
    try:
        end_streams()
    except OSError as problem:
        console.error(f"Standard output must be writable. Received: {problem.strerror}")
        sys.exit(RunError.exit_code)
