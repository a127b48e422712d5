"""Milliseconds, size and memory of artifacts, side by side; on a phone, the lines to type."""

import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from mbert_cli.errors import RunError, UserError
from mbert_cli.tflite.interpreter import INPUTS, Artifact
from mbert_cli.tflite.options import BenchOptions

WORKER = "mbert_cli.tflite.latency_worker"
PHONE_FOLDER = "/data/local/tmp"
BENCHMARK_BINARY = "android_aarch64_benchmark_model"
"""Name under which LiteRT publishes its benchmark for phones."""


@dataclass(frozen=True)
class LatencyRow:
    """Figures of one artifact.

    `peak_memory_bytes` is the peak of a process that loads and runs it, less what that process held before
    loading: the interpreter's buffers, its packed weights and the pages of the file that it touched.
    """

    path: Path
    size_bytes: int
    runs: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    peak_memory_bytes: int


def measure(
    artifacts: Sequence[Path], inputs: Sequence[Mapping[str, np.ndarray]], options: BenchOptions
) -> list[LatencyRow]:
    """Times artifacts of one length, each in its own process; they take turns, one runs at a time.

    Args:
        artifacts: .tflite files.
        inputs: Batches of token_ids, segment_ids and padding_mask, (rows, length) int32, of real text: they
            are run row by row, over and over.
        options: Threads, seconds and rounds.

    Raises:
        UserError: A file is not an artifact, or is one of another length.
        RunError: A process died.
    """
    names = tuple(INPUTS.values())
    rows = {name: np.concatenate([batch[name] for batch in inputs]) for name in names}
    milliseconds: list[list[float]] = [[] for _ in artifacts]
    peaks = [0] * len(artifacts)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.savez(folder / "inputs.npz", **rows)
        workers = [
            stack.enter_context(_Worker(path, options.threads, folder / "inputs.npz")) for path in artifacts
        ]
        for turn in range(options.rounds):
            warmup = options.warmup_seconds if turn == 0 else 0.0
            for index, worker in enumerate(workers):
                answer = worker.run(warmup, options.min_seconds / options.rounds)
                milliseconds[index] += answer["milliseconds"]
                peaks[index] = answer["peak_memory_bytes"]
    return [_row(*figures) for figures in zip(artifacts, milliseconds, peaks, strict=True)]


def _row(path: Path, milliseconds: list[float], peak_memory_bytes: int) -> LatencyRow:
    p50, p90, p99 = np.percentile(milliseconds, (50, 90, 99))
    return LatencyRow(
        path=path,
        size_bytes=path.stat().st_size,
        runs=len(milliseconds),
        p50_ms=float(p50),
        p90_ms=float(p90),
        p99_ms=float(p99),
        peak_memory_bytes=peak_memory_bytes,
    )


class _Worker:
    """A process of `latency_worker` that has loaded an artifact and waits for its turn."""

    def __init__(self, path: Path, threads: int, inputs: Path) -> None:
        self.path = path
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed on exit, below)
        self._process = subprocess.Popen(
            [sys.executable, "-m", WORKER, str(path), str(threads), str(inputs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Self:
        try:
            self._answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def run(self, warmup_seconds: float, seconds: float) -> dict:
        """One round: the milliseconds of every timed run, and the peak memory so far."""
        try:
            self._process.stdin.write(f"{warmup_seconds} {seconds}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer, or the lack of it, tells why
        return self._answer()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise self._died()
        answer = json.loads(line)
        if "error" in answer:
            raise UserError(answer["error"], answer["hint"])
        return answer

    def _died(self) -> RunError:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines() or ["no message"]
        return RunError(
            f"The process that times an artifact runs to its end. Received: exit code {code} for {self.path} "
            f"({lines[-1]}).",
            "A negative code is a signal; -9 often means that memory ran out.",
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()


def reference_artifact(size_name: str, sequence_length: int, cache_dir: Path) -> Path:
    """The float32 artifact of an architecture with random weights and two labels, built when first asked for.

    Args:
        size_name: A row of `mbert_cli.model.options.SIZES`.
        sequence_length: Static length in tokens.
        cache_dir: Folder that keeps it.
    """
    path = cache_dir / f"{size_name}-{sequence_length}-float32.tflite"
    if path.exists():
        return path
    # Slow imports, needed only here: timing itself goes without TensorFlow.
    from mbert_cli.model.heads import build_task_network
    from mbert_cli.tflite.convert import convert

    content = convert(build_task_network(size_name, num_labels=2), sequence_length, "float32")
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache_dir, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
    return path


def adb_lines(artifacts: Mapping[str, Path], threads: int) -> list[str]:
    """The lines that time artifacts on a phone, with LiteRT's own benchmark, as a shell takes them.

    Args:
        artifacts: .tflite files by name. On the phone, whose shell reads its own names once more, they are called
            the same, with `-` for everything but letters, figures, `.` and `_`.
        threads: Threads of the interpreter.
    """
    lines = [
        f"adb push {BENCHMARK_BINARY} {PHONE_FOLDER}/benchmark_model",
        f"adb shell chmod +x {PHONE_FOLDER}/benchmark_model",
    ]
    names: list[str] = []
    for name, path in artifacts.items():
        plain = re.sub(r"[^A-Za-z0-9._]+", "-", name)
        names.append(plain if plain not in names else f"{plain}-{len(names)}")
        target = f"{PHONE_FOLDER}/{names[-1]}.tflite"
        lines += [f"adb push {shlex.quote(str(path))} {target}", _benchmark_line(path, target, threads)]
    return lines


def _benchmark_line(path: Path, target: str, threads: int) -> str:
    length = Artifact(path).sequence_length
    # Random ids stay below 100 and segments below 2, so that every table has them.
    ranges = {"ids": (0, 99), "segment_ids": (0, 1), "mask": (1, 1)}
    shapes = ":".join(f"1,{length}" for _ in ranges)
    values = ":".join(f"{name},{low},{high}" for name, (low, high) in ranges.items())
    return (
        f"adb shell {PHONE_FOLDER}/benchmark_model --graph={target} --num_threads={threads} "
        f"--use_xnnpack=true --input_layer={','.join(ranges)} --input_layer_shape={shapes} "
        f"--input_layer_value_range={values} --warmup_runs=20 --num_runs=200"
    )
