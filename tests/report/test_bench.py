"""Latencies side by side."""

import json
from pathlib import Path

import pytest

from mbert_cli.page import PAGE_FORMATS, Delivery
from mbert_cli.report.bench import Measured, bench_page
from mbert_cli.report.terminal import page_text
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine
from mbert_cli.tflite.options import BenchOptions

MACHINE = Machine(
    "a processor", 2, 0.5, {"versions": {"ai-edge-litert": "2.3.0"}, "started": "2026-01-02T12:00:00+00:00"}
)


def row(
    path: str, p50_ms: float, size_bytes: int, length: int = 64, rounds: int = 2, mode: str = "float32"
) -> LatencyRow:
    rounds_ms = (p50_ms, *[p50_ms * 1.1] * (rounds - 1))
    return LatencyRow(
        Path(path), length, mode, size_bytes, 1200, p50_ms, 2 * p50_ms, 3 * p50_ms, rounds_ms, 6_000_000
    )


INT8 = row("runs/task/export/int8/model.tflite", 1 / 3, 1_134_880)
LONG = row("runs/task/export/long/model.tflite", 4.0, 2_000_000, length=128)
REFERENCE = row("runs/reference/bert_base-64-float32.tflite", 20.0, 56_744_000, rounds=1)


def measured(*references: LatencyRow, own: tuple[LatencyRow, ...] = (INT8,), **options: object) -> Measured:
    return Measured(own, references, BenchOptions(**options), MACHINE, ["adb push model.tflite"])


def test_an_artifact_stands_beside_the_reference_with_its_ratios():
    page = bench_page(measured(REFERENCE, against="bert_base"))
    (table,) = page.tables
    assert table.title == "bench: 1 thread, ratios to bert_base-64-float32"
    assert list(table.columns) == [
        "artifact", "tokens", "MB", "p50 ms", "spread", "p90 ms", "p99 ms", "peak MB", "runs", "times smaller",
        "times faster",
    ]  # fmt: skip
    assert table.rows == [
        ["task int8", "64", "1.1", "0.33", "10.0%", "0.67", "1.00", "6", "1,200", "50.0", "60.0"],
        ["bert_base-64-float32", "64", "56.7", "20.00", "", "40.00", "60.00", "6", "1,200", "1.0", "1.0"],
    ]
    assert table.notes[0].startswith("For comparison, MobileBERT against BERT-base in the paper")
    assert table.notes[1].startswith(
        "Measured on a processor, 2 cores, load 0.5, with LiteRT 2.3.0, 2026-01-02"
    )
    assert page.notes == ["On a phone, with LiteRT's benchmark binary in this folder:"]
    assert page.lines == ["adb push model.tflite"]


def test_a_reference_of_the_same_mode_is_the_one_to_compare_with():
    int8 = row("a.tflite", 1.0, 1_000, mode="dynamic_int8")
    references = [
        row("bert_base-64-float32.tflite", 20.0, 4_000),
        row("bert_base-64-dynamic_int8.tflite", 8.0, 1_000, mode="dynamic_int8"),
    ]
    page = bench_page(measured(*references, own=(int8,), against="bert_base", reference_mode="same"))
    assert page.tables[0].title == "bench: 1 thread, ratios to bert_base of the same length and mode"
    assert [cells[-2:] for cells in page.tables[0].rows] == [["1.0", "8.0"], ["1.0", "1.0"], ["1.0", "1.0"]]


def test_without_a_reference_ratios_are_to_the_last_artifact():
    page = bench_page(measured(own=(INT8, LONG), threads=2))
    assert page.tables[0].title == "bench: 2 threads, ratios to task long"
    assert [cells[-2:] for cells in page.tables[0].rows] == [["1.8", "12.0"], ["1.0", "1.0"]]
    assert len(page.tables[0].notes) == 1


def test_each_artifact_is_compared_with_the_reference_of_its_length():
    longer = row("runs/reference/bert_base-128-float32.tflite", 40.0, 60_000_000, length=128)
    page = bench_page(measured(REFERENCE, longer, own=(INT8, LONG), against="bert_base"))
    assert page.tables[0].title == "bench: 1 thread, ratios to bert_base of the same length"
    assert [cells[-1] for cells in page.tables[0].rows] == ["60.0", "10.0", "1.0", "1.0"]


def test_json_has_figures_with_all_their_digits_and_the_lines_for_a_phone():
    document = json.loads(page_text(bench_page(measured(REFERENCE, against="bert_base")), Delivery("json")))
    first, second = document["rows"]
    assert first["artifact"] == "task int8"
    assert first["p50_ms"] == 1 / 3
    assert first["spread"] == pytest.approx(0.1)
    assert first["times_smaller"] == 50.0
    assert (first["is_reference"], second["is_reference"], second["spread"]) == (False, True, None)
    assert document["phone_commands"] == ["adb push model.tflite"]
    assert document["processor"] == "a processor"
    assert len(document["notes"]) == 3


@pytest.mark.parametrize("form", PAGE_FORMATS)
def test_notes_stand_below_the_table_in_every_format(form):
    text = page_text(bench_page(measured(REFERENCE, against="bert_base")), Delivery(form))
    for note in ("4.3 times smaller, 5.5 times faster", "Measured on a processor", "adb push model.tflite"):
        assert note in text
