"""What `mbert bench` leaves behind: a file for each time that it ran, and the newest figures of each artifact."""

import dataclasses
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mbert_cli.figures import counted
from mbert_cli.json_text import read_json
from mbert_cli.runs.manifest import replace_object
from mbert_cli.runs.origin import collect_origin
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.options import BenchOptions

BENCH = "bench"
"""Folder of the reports, beside the runs."""


@dataclass(frozen=True)
class Machine:
    """What the times were measured on, before they were.

    Attributes:
        processor: Its name.
        cores: Those that the process may use.
        load: Processes that wanted to run, mean of the last minute; None for a phone.
        origin: Command, time, versions and host.
    """

    processor: str
    cores: int
    load: float | None
    origin: dict[str, Any]

    @property
    def line(self) -> str:
        """The same for people."""
        runtime = self.origin["versions"].get("ai-edge-litert")
        when = datetime.fromisoformat(self.origin["started"]).astimezone()
        return (
            f"Measured on {self.processor}, {counted(self.cores, 'core')}, "
            f"{'' if self.load is None else f'load {self.load:.1f}, '}"
            f"{'' if runtime is None else f'with LiteRT {runtime}, '}{when:%Y-%m-%d %H:%M}."
        )


@dataclass(frozen=True)
class Conditions:
    """How an artifact was timed, as far as its report says.

    Attributes:
        threads: Threads of the interpreter.
        machine: What it was timed on; None where the report does not say all of it.
        delegate: What computed on a phone, a value of bench.delegate; None elsewhere.
        affinity: The cores of a phone that it was bound to, as bench.affinity has them; None for all.
        are_means: Whether times are means, since the benchmark on the phone prints no median.
    """

    threads: int | None = None
    machine: Machine | None = None
    delegate: str | None = None
    affinity: str | None = None
    are_means: bool = False

    @property
    def line(self) -> str:
        """The same for people."""
        words = [] if self.threads is None else [counted(self.threads, "thread")]
        words += phone_words(self.delegate, self.affinity)
        how = [f"{', '.join(words)}."] * bool(words)
        means = ["Times are means: the benchmark there prints no median."] * self.are_means
        return " ".join(
            [*how, self.machine.line if self.machine else "The machine was not recorded.", *means]
        )

    @property
    def comparable(self) -> tuple[object, ...]:
        """Equal where times may be compared: those of one processor, cores, threads and delegate."""
        machine = (self.machine.processor, self.machine.cores) if self.machine else ()
        return (self.threads, self.delegate, self.affinity, self.are_means, *machine)


@dataclass(frozen=True)
class Latency:
    """The newest figures of an artifact, and of the reference that was timed beside it."""

    p50_ms: float
    size_bytes: int
    reference: str | None = None
    reference_p50_ms: float = 0.0
    reference_size_bytes: int = 0
    p90_ms: float | None = None
    conditions: Conditions = Conditions()
    tokens: int | None = None


def describe_machine() -> Machine:
    """What this process runs on, now."""
    origin = collect_origin()
    return Machine(_processor(), origin["cores"], os.getloadavg()[0], origin)


def write_latencies(
    folder: Path,
    rows: Sequence[LatencyRow],
    references: Sequence[LatencyRow],
    options: BenchOptions,
    machine: Machine,
) -> Path:
    """Writes the figures into a file of their own, named by the time.

    Args:
        folder: Receives the file; made if it is not there.
        rows: The figures of artifacts.
        references: Those of references.
        options: How they were measured.
        machine: What they were measured on.
    """
    return write_latency_report(folder, latency_record(rows, references, options, machine))


def write_latency_report(folder: Path, report: Mapping[str, Any]) -> Path:
    """Writes a report into a file of its own, named by the time at which it `started`.

    Args:
        folder: Receives the file; made if it is not there.
        report: What `latency_record` gives, or the like.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _new_path(folder, datetime.fromisoformat(report["started"]))
    replace_object(path, report)
    return path


def latency_record(
    rows: Sequence[LatencyRow], references: Sequence[LatencyRow], options: BenchOptions, machine: Machine
) -> dict[str, Any]:
    """What a report holds; arguments as for `write_latencies`."""
    return {
        "reference": options.against, "options": options.model_dump(), "processor": machine.processor,
        "load": machine.load, **machine.origin,
        "rows": [*(_record(row, False) for row in rows), *(_record(row, True) for row in references)],
    }  # fmt: skip


def _record(row: LatencyRow, is_reference: bool) -> dict[str, Any]:
    places = {"path": str(row.path), "resolved": str(row.path.resolve())}
    return dataclasses.asdict(row) | places | {"spread": row.spread, "is_reference": is_reference}


def newest_latencies(*roots: Path) -> dict[Path, Latency]:
    """The newest figures of each artifact that was timed, by its resolved path: those at the longest of its lengths.

    Args:
        roots: Folders of runs. Reports that cannot be read are passed over.
    """
    return _newest([report for root in roots for report in _reports(root / BENCH)])


def reported_latencies(path: Path) -> dict[Path, Latency]:
    """The figures of a single report, as `newest_latencies` gives those of all."""
    return _newest(list(_read_reports([path])))


def _newest(reports: Sequence[dict[str, Any]]) -> dict[Path, Latency]:
    found: dict[Path, Latency] = {}
    for report in sorted(reports, key=lambda report: report["started"]):
        references, conditions = _references(report), conditions_of(report)
        for row in report["rows"]:
            length = row.get("sequence_length")
            beside = references.get((length, row.get("mode"))) or references.get((length, None))
            timed = Latency(
                row["p50_ms"],
                row["size_bytes"],
                p90_ms=row.get("p90_ms"),
                conditions=dataclasses.replace(conditions, are_means=row.get("median_ms", 0.0) is None),
                tokens=length,
            )
            path = Path(row.get("resolved") or row["path"]).resolve()
            if not _is_shorter(timed, found.get(path)):
                found[path] = _beside(timed, report.get("reference"), beside)
    return found


def _is_shorter(timed: Latency, known: Latency | None) -> bool:
    """Whether figures are of a shorter length of the file that others are of."""
    if known is None or known.size_bytes != timed.size_bytes:
        return False
    return (timed.tokens or 0) < (known.tokens or 0)


def _beside(timed: Latency, name: str | None, reference: dict[str, Any] | None) -> Latency:
    """Times with those of the reference, where one was timed with them."""
    if reference is None:
        return timed
    return dataclasses.replace(
        timed,
        reference=name,
        reference_p50_ms=reference["p50_ms"],
        reference_size_bytes=reference["size_bytes"],
    )


def _references(report: dict[str, Any]) -> dict[tuple[int | None, str | None], dict[str, Any]]:
    """The rows of references by their length and mode, and by their length; earlier versions had one, the last row."""
    if not report.get("reference"):
        return {}
    rows = report["rows"]
    named = [row for row in rows if row.get("is_reference")] or rows[-1:]
    by_length = {(row.get("sequence_length"), None): row for row in named}
    return by_length | {(row.get("sequence_length"), row.get("mode")): row for row in named}


def conditions_of(report: Mapping[str, Any]) -> Conditions:
    """How a report was measured; those of earlier versions say less.

    Args:
        report: What `latency_record` returned.
    """
    known = report.get("options")
    options = known if isinstance(known, dict) else {}
    on_phone = options if "phone" in report else {}
    conditions = Conditions(
        options.get("threads"), delegate=on_phone.get("delegate"), affinity=on_phone.get("affinity")
    )
    try:
        datetime.fromisoformat(report["started"])
        machine = Machine(
            str(report["processor"]), int(report["cores"]), _load(report["load"]), {"versions": {}, **report}
        )
    except (LookupError, TypeError, ValueError):
        return conditions
    return dataclasses.replace(conditions, machine=machine)


def phone_words(delegate: str | None, affinity: str | None) -> list[str]:
    """What computed on a phone, and the cores that it was bound to: `xnnpack` and `cores f0`."""
    return [*([delegate] if delegate else []), *([f"cores {affinity}"] if affinity else [])]


def _load(value: Any) -> float | None:
    return None if value is None else float(value)


def _reports(folder: Path) -> Iterator[dict[str, Any]]:
    return _read_reports(sorted(folder.glob("*.json")))


def _read_reports(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        try:
            report = read_json(path)
            rows = [row for row in report["rows"] if {"path", "p50_ms", "size_bytes"} <= set(row)]
            yield report | {"rows": rows, "started": str(report.get("started", ""))}
        except (OSError, ValueError, LookupError, TypeError):
            continue


def _new_path(folder: Path, moment: datetime) -> Path:
    stem = f"{moment.astimezone():%Y%m%d-%H%M%S}"
    path, number = folder / f"{stem}.json", 1
    while path.exists():
        path, number = folder / f"{stem}-{number}.json", number + 1
    return path


def _processor() -> str:
    """The name of the processor, as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n")
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
