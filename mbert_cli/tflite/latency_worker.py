"""Times one artifact in a process of its own: `python -m mbert_cli.tflite.latency_worker`.

It imports no TensorFlow, so that its memory is the interpreter's. `latency.py` starts it with a .tflite file, a
number of threads and an .npz file of inputs, and then writes one line per round: untimed and timed seconds. The
worker answers each with one line of JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.text_runtime import load_tokenizer_operations


def main() -> None:
    """Answers rounds until its input ends."""
    path, threads, inputs_path = sys.argv[1:]
    with np.load(inputs_path) as arrays:
        inputs = dict(arrays)
    if "texts" in inputs:
        load_tokenizer_operations()  # and TensorFlow with them, which is no memory of the interpreter's
        _forget_peak()
    baseline = peak_memory_bytes()
    try:
        artifact = _at_length(Artifact(Path(path), int(threads)), inputs)
        artifact.predict({name: values[:1] for name, values in inputs.items()})
    except UserError as error:
        _answer({"error": error.message, "hint": error.hint})
        return
    _answer({})
    count = len(next(iter(inputs.values())))
    rows = cycle([{name: values[row : row + 1] for name, values in inputs.items()} for row in range(count)])
    for line in sys.stdin:
        warmup_seconds, seconds = map(float, line.split())
        _time(artifact, rows, warmup_seconds)
        milliseconds = _time(artifact, rows, seconds)
        _answer({"milliseconds": milliseconds, "peak_memory_bytes": peak_memory_bytes() - baseline})


def _at_length(artifact: Artifact, inputs: dict[str, np.ndarray]) -> Artifact:
    """The artifact at the length of the inputs, where it has that length."""
    length = inputs["token_ids"].shape[1]
    return artifact.at(length) if length in artifact.lengths else artifact


def _time(artifact: Artifact, rows: Iterator[dict[str, np.ndarray]], seconds: float) -> list[float]:
    """Runs for the given number of seconds, and at least once; what a client copies in and out is timed with it."""
    milliseconds: list[float] = []
    end = time.perf_counter() + seconds
    while not milliseconds or time.perf_counter() < end:
        artifact.set_row(next(rows), artifact.sequence_length)
        start = time.perf_counter_ns()
        artifact.run()
        milliseconds.append((time.perf_counter_ns() - start) / 1e6)
    return milliseconds


def _forget_peak() -> None:
    """Lets the peak begin anew, where Linux does that; elsewhere what follows may hide below an earlier one."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_bytes() -> int:
    """Most memory that this process has held at once, the pages of mapped files included."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss would not do on Linux: a process inherits that of the one that started it.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _answer(values: dict[str, object]) -> None:
    print(json.dumps(values), flush=True)  # noqa: T201 - another process reads it, not a person


if __name__ == "__main__":
    main()
