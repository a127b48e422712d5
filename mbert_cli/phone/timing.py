"""Artifacts timed on a phone: pushed, run, and what the benchmark printed about them."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.errors import RunError, UserError
from mbert_cli.phone.adb import Device
from mbert_cli.phone.benchmark_command import PROGRAM, benchmark_words, phone_paths
from mbert_cli.phone.benchmark_log import BenchmarkLog, last_lines, parse_benchmark_logs
from mbert_cli.runs.artifacts import target_name
from mbert_cli.runs.origin import collect_origin
from mbert_cli.tflite.census import stored_mode
from mbert_cli.tflite.interpreter import Artifact, Signature
from mbert_cli.tflite.latency_reports import Machine
from mbert_cli.tflite.options import BenchOptions


@dataclass(frozen=True)
class PhoneRow:
    """Figures of one artifact at one length.

    Attributes:
        path: The .tflite file here.
        sequence_length: Tokens.
        mode: The one of `MODES` by what the weights are stored in.
        size_bytes: Of the file.
        log: What the benchmark measured, with operations timed in a run of their own.
    """

    path: Path
    sequence_length: int
    mode: str
    size_bytes: int
    log: BenchmarkLog

    @property
    def p50_ms(self) -> float:
        """Median of the runs; the mean where the program on the phone prints no median."""
        return self.log.mean if self.log.median is None else self.log.median


def time_on_phone(
    device: Device, binary: Path, artifacts: Sequence[Path], options: BenchOptions
) -> Iterator[PhoneRow]:
    """Pushes artifacts and times each at each of its lengths; whatever happens, none stays on the phone.

    Args:
        device: The phone.
        binary: LiteRT's benchmark for it.
        artifacts: .tflite files.
        options: Threads, cores and what computes.

    Yields:
        The figures of each, as soon as they are there.

    Raises:
        RunError: The benchmark failed on the phone.
    """
    device.push(binary, PROGRAM)
    device.shell("chmod", "+x", PROGRAM)
    targets = phone_paths([target_name(path) for path in artifacts])
    for path, target in zip(artifacts, targets, strict=True):
        device.push(path, target)
        try:
            size, mode = path.stat().st_size, stored_mode(path.read_bytes())
            for signature in Artifact(path).signatures:
                console.info(f"Timing {target_name(path)}, {signature.length} tokens, on {device.name}")
                log = _time(device, signature, target, options)
                yield PhoneRow(path, signature.length, mode, size, log)
        finally:
            with suppress(RunError):  # where the phone is gone, what ended the timing is what counts
                device.shell("rm", target)


def _time(device: Device, signature: Signature, target: str, options: BenchOptions) -> BenchmarkLog:
    """Two runs: the first is timed, the second tells where the time goes, which slows it."""
    timed = _run(device, signature, target, options, profiles=False)
    try:
        profiled = _run(device, signature, target, options, profiles=True)
    except RunError as error:
        console.warning(f"Times of single operations are left out. {error.message}")
        return timed
    return replace(timed, operations=profiled.operations)


def _run(
    device: Device, signature: Signature, target: str, options: BenchOptions, *, profiles: bool
) -> BenchmarkLog:
    return _parsed(device.shell(*benchmark_words(signature, target, options, profiles=profiles)), device)


def _parsed(printed: str, device: Device) -> BenchmarkLog:
    try:
        (*_, log) = parse_benchmark_logs(printed, device.name)
    except UserError:
        raise RunError(
            f"The benchmark on the phone comes to its end. Received: {last_lines(printed)}",
            "Try --set bench.delegate=none, or a newer benchmark_model from LiteRT.",
        ) from None
    return log


def phone_machine(device: Device) -> Machine:
    """The phone as reports of latency know what times were measured on."""
    origin = collect_origin()
    versions = {name: version for name, version in origin["versions"].items() if name != "ai-edge-litert"}
    return Machine(device.name, device.cores, None, origin | {"versions": versions, "cores": device.cores})


def phone_record(rows: Sequence[PhoneRow], options: BenchOptions, device: Device) -> dict[str, Any]:
    """What a report of times on a phone holds; it has what `newest_latencies` reads.

    Args:
        rows: The figures.
        options: How they were measured.
        device: The phone.
    """
    machine = phone_machine(device)
    return {
        "reference": None, "options": options.model_dump(), "processor": machine.processor, "load": machine.load,
        **machine.origin, "phone": dataclasses.asdict(device), "rows": [_record(row) for row in rows],
    }  # fmt: skip


def _record(row: PhoneRow) -> dict[str, Any]:
    figures = dataclasses.asdict(row.log)
    named = {
        f"{name}_ms": figures.pop(name)
        for name in ("mean", "shortest", "longest", "deviation", "first", "start", "median", "p95")
    }
    return {
        "path": str(row.path), "resolved": str(row.path.resolve()), "sequence_length": row.sequence_length,
        "mode": row.mode, "size_bytes": row.size_bytes, "p50_ms": row.p50_ms, "is_reference": False,
        **named, **figures,
    }  # fmt: skip
