"""`mbert bench`: latency, size and memory of artifacts side by side, and how they compare with a reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mbert_cli.figures import counted, show_megabytes
from mbert_cli.page import Page
from mbert_cli.runs.artifacts import target_name
from mbert_cli.table import Table
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine, latency_record
from mbert_cli.tflite.options import BenchOptions

PAPER_TIMES_SMALLER, PAPER_TIMES_FASTER = 4.3, 5.5
"""MobileBERT against BERT-base on a Pixel 4, both in float32 (Sun et al., 2020)."""

_COLUMNS = [
    "artifact", "tokens", "MB", "p50 ms", "spread", "p90 ms", "p99 ms", "peak MB", "runs", "times smaller",
    "times faster",
]  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What was timed.

    Attributes:
        own: Figures of the artifacts.
        references: Those of the reference, one for each length, or for each length and mode.
        options: How they were measured.
        machine: What they were measured on.
        phone_lines: Lines that time the artifacts on a phone.
    """

    own: Sequence[LatencyRow]
    references: Sequence[LatencyRow]
    options: BenchOptions
    machine: Machine
    phone_lines: Sequence[str]

    @property
    def rows(self) -> list[LatencyRow]:
        """All figures, those of the references last."""
        return [*self.own, *self.references]


def bench_page(measured: Measured) -> Page:
    """A row for each artifact and each reference.

    Args:
        measured: What was timed.
    """
    options, rows, references = measured.options, measured.rows, measured.references
    pairs = list(zip(rows, _compared_with(rows, references), strict=True))
    same = "length and mode" if len({row.mode for row in references}) > 1 else "length"
    name = f"{options.against} of the same {same}" if len(references) > 1 else target_name(rows[-1].path)
    title = f"bench: {counted(options.threads, 'thread')}, ratios to {name}"
    paper = (
        f"For comparison, MobileBERT against BERT-base in the paper, both float32 on a Pixel 4: "
        f"{PAPER_TIMES_SMALLER} times smaller, {PAPER_TIMES_FASTER} times faster."
    )
    notes = [*([paper] if options.against == "bert_base" else []), measured.machine.line]
    return Page(
        [Table(title, _COLUMNS, [_row(*pair) for pair in pairs], notes)],
        _record(measured, pairs),
        ["On a phone, with LiteRT's benchmark binary in this folder:"] if measured.phone_lines else [],
        measured.phone_lines,
    )


def _row(row: LatencyRow, compared: LatencyRow) -> list[str]:
    return [
        target_name(row.path),
        str(row.sequence_length),
        show_megabytes(row.size_bytes),
        f"{row.p50_ms:.2f}",
        "" if row.spread is None else f"{row.spread:.1%}",
        f"{row.p90_ms:.2f}",
        f"{row.p99_ms:.2f}",
        f"{row.peak_memory_bytes / 1e6:.0f}",
        f"{row.runs:,}",
        f"{_times_smaller(row, compared):.1f}",
        f"{_times_faster(row, compared):.1f}",
    ]


def _record(measured: Measured, pairs: Sequence[tuple[LatencyRow, LatencyRow]]) -> Mapping[str, Any]:
    """The report that is kept beside the runs, and what else the table shows."""
    record = latency_record(measured.own, measured.references, measured.options, measured.machine)
    rows = [
        {
            "artifact": target_name(row.path),
            **known,
            "times_smaller": _times_smaller(row, compared),
            "times_faster": _times_faster(row, compared),
        }
        for known, (row, compared) in zip(record["rows"], pairs, strict=True)
    ]
    return {**record, "rows": rows, "phone_commands": measured.phone_lines}


def _times_smaller(row: LatencyRow, compared: LatencyRow) -> float:
    return compared.size_bytes / row.size_bytes


def _times_faster(row: LatencyRow, compared: LatencyRow) -> float:
    return compared.p50_ms / row.p50_ms


def _compared_with(rows: Sequence[LatencyRow], references: Sequence[LatencyRow]) -> list[LatencyRow]:
    """The row that each is compared with: the reference of its length and mode, or its length, else the last of all."""
    by_length = {row.sequence_length: row for row in references}
    by_both = {(row.sequence_length, row.mode): row for row in references}
    return [
        by_both.get((row.sequence_length, row.mode)) or by_length.get(row.sequence_length, rows[-1])
        for row in rows
    ]
