"""Keeps what native libraries write while they are loaded away from the terminal.

TensorFlow's libraries write notes on the processor and on missing GPUs to the process' standard error
before their own log settings take effect; its warnings are for those who write graphs by hand.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def hidden_native_output() -> Iterator[None]:
    """Hides standard error for the length of an import; shows it after all when the import fails."""
    os.environ.setdefault(LOG_LEVEL, "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except BaseException:
            hidden.seek(0)
            os.write(terminal, hidden.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
