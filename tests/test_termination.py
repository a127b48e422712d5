"""How a process ends that is told to end."""

import os
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
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (143, "cleaned up\n")
