"""`mbert bench` on a phone, and saved logs of LiteRT's benchmark: times side by side, and where they go."""

import dataclasses
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from mbert_cli.figures import counted, show_megabytes
from mbert_cli.page import Page
from mbert_cli.phone.adb import Device
from mbert_cli.phone.benchmark_log import BenchmarkLog
from mbert_cli.phone.timing import PhoneRow, phone_machine, phone_record
from mbert_cli.runs.artifacts import target_name
from mbert_cli.table import Table, without_empty_columns
from mbert_cli.tflite.latency_reports import phone_words
from mbert_cli.tflite.options import BenchOptions

_COLUMNS = [
    "artifact", "tokens", "MB", "p50 ms", "p95 ms", "mean ms", "spread", "first ms", "start ms", "memory MB", "runs",
    "delegated",
]  # fmt: skip
_SHOWN = 8
"""Kinds of operations in a table; what takes least is left out."""


def phone_page(rows: Sequence[PhoneRow], options: BenchOptions, device: Device) -> Page:
    """What was timed on a phone: a row for each artifact and length, and a table of operations for each.

    Args:
        rows: The figures.
        options: How they were measured.
        device: The phone.
    """
    named = [(_name(row, rows), row) for row in rows]
    cells = [
        [target_name(row.path), str(row.sequence_length), show_megabytes(row.size_bytes), *_figures(row.log)]
        for row in rows
    ]
    how = [counted(options.threads, "thread"), *phone_words(options.delegate, options.affinity)]
    title = f"bench on {device.name}: {', '.join(how)}"
    table = Table(title, _COLUMNS, cells, [phone_machine(device).line, *_notes([row.log for row in rows])])
    operations = [_operation_table(name, row.log) for name, row in named if row.log.operations]
    return Page([without_empty_columns(table), *operations], phone_record(rows, options, device))


def log_page(logs: Sequence[BenchmarkLog], origin: str) -> Page:
    """What a saved log says: a row for each run of the benchmark.

    Args:
        logs: The runs.
        origin: Name of the file.
    """
    names = [
        PurePosixPath(log.graph).stem if log.graph else f"run {number}" for number, log in enumerate(logs, 1)
    ]
    threads = ["" if log.threads is None else str(log.threads) for log in logs]
    cells = [[name, count, *_figures(log)] for name, count, log in zip(names, threads, logs, strict=True)]
    table = Table(f"bench: {origin}", ["model", "threads", *_COLUMNS[3:]], cells, _notes(logs))
    operations = [_operation_table(*named) for named in zip(names, logs, strict=True) if named[1].operations]
    record: dict[str, Any] = {"log": origin, "rows": [dataclasses.asdict(log) for log in logs]}
    return Page([without_empty_columns(table), *operations], record)


def _name(row: PhoneRow, rows: Sequence[PhoneRow]) -> str:
    """The name of an artifact, with the length where it has several."""
    name = target_name(row.path)
    return name if sum(one.path == row.path for one in rows) == 1 else f"{name}, {row.sequence_length} tokens"


def _figures(log: BenchmarkLog) -> list[str]:
    """Cells from the median on."""
    return [
        "" if log.median is None else f"{log.median:.2f}",
        "" if log.p95 is None else f"{log.p95:.2f}",
        f"{log.mean:.2f}",
        f"{log.deviation / log.mean:.1%}" if log.mean else "",
        f"{log.first:.1f}",
        f"{log.start:.0f}",
        "" if log.memory_mb is None else f"{log.memory_mb:.0f}",
        f"{log.runs:,}",
        "; ".join(f"{taken} of {total}" for taken, total in log.delegates.values()),
    ]


def _notes(logs: Sequence[BenchmarkLog]) -> list[str]:
    notes = [
        "Spread is the standard deviation of the runs over their mean; start is until the model was ready."
    ]
    if any(log.median is None for log in logs):
        notes.append("The benchmark there prints no median: a newer one does.")
    return notes


def _operation_table(name: str, log: BenchmarkLog) -> Table:
    shown = log.operations[:_SHOWN]
    rows = [[one.name, str(one.count), f"{one.milliseconds:.3f}", f"{one.share:.1%}"] for one in shown]
    left = len(log.operations) - len(shown)
    said = counted(left, "kind of operations that takes less is", "kinds of operations that take less are")
    notes = [f"{said} left out."] if left else []
    return Table(f"{name}: where the time goes", ["operation", "count", "ms", "share"], rows, notes)
