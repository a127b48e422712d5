"""Threads that no process waits for."""

import os
import subprocess
import sys

import pytest

from mbert_cli.threads import begin_in_thread, map_in_threads

SCRIPT = """
import threading
from mbert_cli.threads import begin_in_thread, map_in_threads

def work(item=0):
    begun.release()
    threading.Event().wait()

begun = threading.Semaphore(0)
begin_in_thread(lambda: map_in_threads(work, range(100)))
begin_in_thread(work)
begun.acquire()
begun.acquire()
"""


def test_results_come_in_the_order_of_the_items() -> None:
    assert map_in_threads(lambda item: item * item, range(100)) == [item * item for item in range(100)]
    assert map_in_threads(abs, []) == []


def test_what_a_function_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        map_in_threads(lambda item: 1 // item, [1, 0])
    assert begin_in_thread(lambda: 1).result() == 1
    with pytest.raises(ZeroDivisionError):
        begin_in_thread(lambda: 1 // 0).result()


def test_a_process_that_ends_does_not_wait_for_them() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, env=environment, timeout=60)
