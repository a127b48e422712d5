"""Milliseconds, size and memory of artifacts, side by side; on a phone, the lines to type."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import numpy as np

from mbert_cli.backend import load_keras
from mbert_cli.errors import RunError, UserError
from mbert_cli.native_output import hidden_native_output
from mbert_cli.tflite.census import stored_mode
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, TEXT_INPUTS
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import BenchOptions

WORKER = "mbert_cli.tflite.latency_worker"
REFERENCE_TOKENS = 30522
"""Tokens of the vocabulary of a reference: BERT's."""


@dataclass(frozen=True)
class Timed:
    """An artifact and what it is run on, over and over.

    Attributes:
        path: The .tflite file.
        inputs: Batches of token_ids, segment_ids and padding_mask, (rows, length) int32, of real text, which are run
            row by row; where it has its tokenizer inside also of texts.
    """

    path: Path
    inputs: Sequence[Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class LatencyRow:
    """Figures of one artifact.

    `mode` is one of `MODES`, by what the weights are stored in. `p50_ms` is the median over the rounds of the median of
    each, which are `rounds_ms`; `p90_ms` and `p99_ms` are of all runs. `peak_memory_bytes` is the peak of a process
    that loads and runs it, less what it held before loading: the interpreter's buffers, its packed weights and the
    pages of the file that it touched.
    """

    path: Path
    sequence_length: int
    mode: str
    size_bytes: int
    runs: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    rounds_ms: tuple[float, ...]
    peak_memory_bytes: int

    @property
    def spread(self) -> float | None:
        """Distance of the slowest round from the fastest, as a share of the median; None for a single round."""
        if len(self.rounds_ms) < 2:
            return None
        return (max(self.rounds_ms) - min(self.rounds_ms)) / self.p50_ms


def measure_latencies(artifacts: Sequence[Timed], options: BenchOptions) -> list[LatencyRow]:
    """Times artifacts, each in its own process and at the length of its inputs; they take turns, one runs at a time.

    Args:
        artifacts: What is timed.
        options: Threads, seconds and rounds.

    Raises:
        UserError: A file is not an artifact, or is one of another length than its inputs.
        RunError: A process died.
    """
    rounds: list[list[list[float]]] = [[] for _ in artifacts]
    peaks = [0] * len(artifacts)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [
            stack.enter_context(_Worker(timed.path, options.threads, _save_inputs(timed, folder, index)))
            for index, timed in enumerate(artifacts)
        ]
        for turn in range(options.rounds):
            warmup = options.warmup_seconds if turn == 0 else 0.0
            for index, worker in enumerate(workers):
                answer = worker.run(warmup, options.min_seconds / options.rounds)
                rounds[index].append(answer["milliseconds"])
                peaks[index] = answer["peak_memory_bytes"]
    return [_row(*figures) for figures in zip(artifacts, rounds, peaks, strict=True)]


def _save_inputs(timed: Timed, folder: Path, index: int) -> Path:
    path = folder / f"inputs-{index}.npz"
    arrays: dict[str, Any] = {
        name: np.concatenate([batch[name] for batch in timed.inputs])
        for name in (*ARTIFACT_INPUTS.values(), *TEXT_INPUTS.values())
        if name in timed.inputs[0]
    }
    arrays |= {name: arrays[name].astype(np.bytes_) for name in TEXT_INPUTS.values() if name in arrays}
    np.savez(path, **arrays)
    return path


def _row(timed: Timed, rounds: list[list[float]], peak_memory_bytes: int) -> LatencyRow:
    medians = tuple(float(np.median(milliseconds)) for milliseconds in rounds)
    together = np.concatenate(rounds)
    p50 = float(np.median(medians))
    return LatencyRow(
        path=timed.path,
        sequence_length=timed.inputs[0]["token_ids"].shape[1],
        mode=stored_mode(timed.path.read_bytes()),
        size_bytes=timed.path.stat().st_size,
        runs=len(together),
        p50_ms=p50,
        p90_ms=max(p50, float(np.percentile(together, 90))),
        p99_ms=max(p50, float(np.percentile(together, 99))),
        rounds_ms=medians,
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
        self._input, self._output = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)

    def __enter__(self) -> Self:
        try:
            self._answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def run(self, warmup_seconds: float, seconds: float) -> dict[str, Any]:
        """One round: the milliseconds of every timed run, and the peak memory so far."""
        try:
            self._input.write(f"{warmup_seconds} {seconds}\n")
            self._input.flush()
        except BrokenPipeError:
            pass  # the answer, or the lack of it, tells why
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._output.readline()
        if not line:
            raise self._died()
        answer: dict[str, Any] = json.loads(line)
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
        self._input.close()
        self._process.terminate()
        self._process.wait()
        self._output.close()
        self._log.close()


def reference_artifact(size_name: str, sequence_length: int, mode: str, cache_dir: Path) -> Path:
    """The artifact of an architecture with random weights and two labels, built when first asked for.

    Args:
        size_name: A row of `mbert_cli.model.options.SIZES`.
        sequence_length: Static length in tokens.
        mode: A key of `MODES`.
        cache_dir: Folder that keeps it.
    """
    path = cache_dir / f"{size_name}-{sequence_length}-{mode}.tflite"
    if path.exists():
        return path
    # Slow imports, needed only here: timing itself goes without TensorFlow.
    with hidden_native_output():
        load_keras()
        from mbert_cli.model.heads import build_task_network
        from mbert_cli.tflite.calibration import measure_ranges
        from mbert_cli.tflite.convert import convert
        from mbert_cli.tflite.quantizer import quantize

    network = build_task_network(size_name, num_outputs=2, vocab_size=REFERENCE_TOKENS)
    content = convert(network, sequence_length, mode)
    if MODES[mode].is_quantized_after:
        content = quantize(content, mode, measure_ranges(content, _random_rows(sequence_length)))
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache_dir, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
    return path


def _random_rows(sequence_length: int) -> dict[str, np.ndarray]:
    ids = np.random.default_rng(0).integers(0, REFERENCE_TOKENS, (4, sequence_length), np.int32)
    return {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": np.ones_like(ids)}
