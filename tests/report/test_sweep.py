"""A sweep as a table, as pictures, and found again by `mbert report`."""

from pathlib import Path

import pytest

from mbert_cli.phone.sweep import SWEEP, SweptScore, sweep_record
from mbert_cli.report.choices import Choice
from mbert_cli.report.sweep import read_sweeps, sweep_page, sweep_pictures, sweep_table
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine, newest_latencies, write_latency_report
from mbert_cli.tflite.options import BenchOptions

SET = "ab" * 32


def record(
    started: str = "2026-01-01T00:00:00+00:00", folder: str = "runs", lengths: tuple[int, ...] = (32, 64)
):
    machine = Machine("Some Processor", 2, 0.25, {"versions": {}, "started": started, "cores": 2})
    scores = [
        SweptScore("sst2", "accuracy", 0.7 + length / 640, SET, 400) for _ in range(2) for length in lengths
    ]

    def rows(factor: float) -> list[LatencyRow]:
        return [
            LatencyRow(Path(folder, f"a/export/{mode}/model.tflite"), length, mode, size, 10, factor * length, 1.0, 1.0,
                       (1.0,), 5)
            for mode, size in (("int8", 1_000_000), ("float32", 4_000_000))
            for length in lengths
        ]  # fmt: skip

    return sweep_record({1: rows(0.01), 2: rows(0.006)}, scores, BenchOptions(), machine)


def test_rows_are_modes_and_lengths_and_columns_numbers_of_threads():
    table = sweep_table(record(), "sweep")
    assert table.title == "sweep of a: score by length, milliseconds by threads"
    assert table.columns == ["mode", "tokens", "MB", "accuracy", "1 thread", "2 threads"]
    assert table.rows == [
        ["int8", "32", "1.0", "75.00%", "0.32", "0.19"],
        ["int8", "64", "1.0", "80.00%", "0.64", "0.38"],
        ["float32", "32", "4.0", "75.00%", "0.32", "0.19"],
        ["float32", "64", "4.0", "80.00%", "0.64", "0.38"],
    ]
    assert (
        table.notes[0]
        == "Scored on 400 examples (set abababab) of the validation set, each text cut to the length."
    )
    assert table.notes[1].startswith("Times are medians. Measured on Some Processor, 2 cores, load 0.2")


def test_where_all_have_one_length_the_page_says_how_to_get_more():
    assert sweep_page(record()).notes == []
    assert sweep_page(record(lengths=(64,))).notes == [
        "Artifacts of several lengths are made by `mbert export-tflite RUN --length 32,64,128`."
    ]


def test_pictures_show_score_against_size_once_and_against_latency_for_each_number_of_threads():
    pytest.importorskip("matplotlib")
    pictures = sweep_pictures(record(), "sweep")
    assert [one.title for one in pictures] == [
        "Accuracy against size",
        *["Accuracy against median latency"] * 2,
    ]
    assert "1 thread" in pictures[1].caption and "2 threads" in pictures[2].caption
    assert len({one.svg for one in pictures}) == 3


def choice(path: Path, size_bytes: int) -> Choice:
    return Choice("a int8", "a", path, (), "int8", "", "sst2", None, None, 64, None, size_bytes, [])


def test_a_report_finds_the_newest_sweep_of_files_that_are_still_those(tmp_path):
    old, new = (record(f"2026-01-0{day}T00:00:00+00:00", str(tmp_path)) for day in (1, 2))
    for one in (new, old):
        write_latency_report(tmp_path / "bench" / SWEEP, one)
    (tmp_path / "bench" / SWEEP / "broken.json").write_text("{")
    path = tmp_path / "a/export/int8/model.tflite"
    (found,) = read_sweeps([choice(path, 1_000_000)])
    assert found["started"] == new["started"]
    assert {row["artifact"] for row in found["rows"]} == {"a int8"}
    assert read_sweeps([choice(path, 999)]) == []
    assert newest_latencies(tmp_path) == {}  # times of several threads are not the newest of a file
