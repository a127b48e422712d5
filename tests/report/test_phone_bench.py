"""Times on a phone, and those of a saved log, side by side."""

import io
from pathlib import Path

from rich.console import Console

from mbert_cli.phone.adb import Device
from mbert_cli.phone.benchmark_log import BenchmarkLog, OperationTime
from mbert_cli.phone.timing import PhoneRow
from mbert_cli.report.phone_bench import log_page, phone_page
from mbert_cli.report.terminal import print_page
from mbert_cli.tflite.options import BenchOptions

PIXEL = Device("0A041", "Pixel 8", "Tensor G3", "15", 9)
OPERATIONS = [OperationTime(f"KIND_{place}", 2, 1.0 / (place + 1), 0.1) for place in range(10)]
LOG = BenchmarkLog(200, 5.02, 4.9, 6.1, 0.1, 5.2, 42.5, 5.0, 5.3, 61.25, "/data/local/tmp/mail.tflite", 4,
                   {"TfLiteXNNPackDelegate": (81, 83)}, OPERATIONS)  # fmt: skip
OLD = BenchmarkLog(50, 10.0, 9.0, 12.0, 1.0, 11.0, 40.0)


def row(length: int = 64, log: BenchmarkLog = LOG, path: str = "runs/a/export/int8/model.tflite") -> PhoneRow:
    return PhoneRow(Path(path), length, "dynamic_int8", 1_134_880, log)


def test_a_file_of_several_lengths_has_a_row_for_each():
    page = phone_page([row(32), row(64)], BenchOptions(threads=4), PIXEL)
    times, *operations = page.tables
    assert times.title == "bench on Pixel 8, Tensor G3, Android 15: 4 threads, xnnpack"
    assert [cells[:4] for cells in times.rows] == [
        ["a int8", "32", "1.1", "5.00"],
        ["a int8", "64", "1.1", "5.00"],
    ]
    assert [table.title for table in operations] == [
        "a int8, 32 tokens: where the time goes",
        "a int8, 64 tokens: where the time goes",
    ]
    assert len(operations[0].rows) == 8
    assert operations[0].notes == ["2 kinds of operations that take less are left out."]


def test_the_record_has_all_digits_and_what_the_report_of_runs_reads():
    (record,) = phone_page([row()], BenchOptions(), PIXEL).record["rows"]
    assert (record["p50_ms"], record["mean_ms"], record["p95_ms"], record["size_bytes"]) == (
        5.0,
        5.02,
        5.3,
        1_134_880,
    )
    assert record["operations"][0] == {"name": "KIND_0", "count": 2, "milliseconds": 1.0, "share": 0.1}


def test_without_a_median_the_mean_stands_for_it_and_is_said():
    page = phone_page([row(log=OLD)], BenchOptions(), PIXEL)
    assert "p50 ms" not in page.tables[0].columns
    assert page.tables[0].notes[-1] == "The benchmark there prints no median: a newer one does."
    assert page.record["rows"][0]["p50_ms"] == 10.0


def test_a_log_is_shown_by_the_names_of_its_models():
    page = log_page([LOG, OLD], "phone.log")
    assert page.tables[0].title == "bench: phone.log"
    assert [cells[:2] for cells in page.tables[0].rows] == [["mail", "4"], ["run 2", ""]]
    assert page.record["rows"][1]["mean"] == 10.0


def test_times_on_a_phone_fit_80_columns():
    page = phone_page([row()], BenchOptions(threads=4, affinity="f0"), PIXEL)
    kept = io.StringIO()
    print_page(Console(file=kept, width=80, color_system=None, force_terminal=True), page)
    tables = [line for line in kept.getvalue().splitlines() if not line.startswith(("Measured", "Spread"))]
    assert max(map(len, tables)) <= 80
    assert "a int8" in kept.getvalue()
