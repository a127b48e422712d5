"""How a process ends that is told to end."""

import sys
from typing import NoReturn


def end_by_signal(number: int, frame: object) -> NoReturn:
    """Ends the process in order, with the exit code that a shell has for the signal: 143 for SIGTERM.

    Args:
        number: The signal.
        frame: Where it arrived, as `signal.signal` hands it over.
    """
    sys.exit(128 + number)
