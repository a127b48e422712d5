"""How a process ends that is told to end."""

import subprocess
import sys

SCRIPT = """
import os, signal
from mbert_cli.termination import end_by_signal
signal.signal(signal.SIGTERM, end_by_signal)
try:
    os.kill(os.getpid(), signal.SIGTERM)
finally:
    print("cleaned up")
"""


def test_a_signal_ends_a_process_in_order_with_the_code_of_shells():
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (143, "cleaned up\n")
