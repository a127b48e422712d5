"""Every run of bench keeps a report of its own; the newest figures of each artifact are found again."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import (
    Conditions,
    Latency,
    Machine,
    describe_machine,
    newest_latencies,
    write_latencies,
)
from mbert_cli.tflite.options import BenchOptions

MACHINE = Machine(
    "Some Processor", 2, 0.25,
    {"started": "2026-05-04T03:02:01+00:00", "versions": {"ai-edge-litert": "1.0"}, "cores": 2},
)  # fmt: skip
OPTIONS = BenchOptions(against="bert_base")


def row(
    path: str,
    p50: float,
    length: int = 64,
    rounds: tuple[float, ...] = (2.0, 2.1, 2.0),
    mode: str = "float32",
) -> LatencyRow:
    return LatencyRow(Path(path), length, mode, 1000, 10, p50, p50, p50, rounds, 5)


def test_reports_are_not_overwritten_and_say_how_the_times_came_about(tmp_path):
    folder = tmp_path / "bench"
    paths = [write_latencies(folder, [row("a.tflite", 2.0)], [], OPTIONS, MACHINE) for _ in range(3)]
    assert sorted(folder.iterdir()) == sorted(paths) and len(set(paths)) == 3
    local = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC).astimezone()
    assert paths[0].name == f"{local:%Y%m%d-%H%M%S}.json"
    report = json.loads(paths[0].read_text())
    assert (report["processor"], report["load"], report["options"]["rounds"]) == ("Some Processor", 0.25, 3)
    assert report["versions"] == {"ai-edge-litert": "1.0"}
    (figures,) = report["rows"]
    assert figures["rounds_ms"] == [2.0, 2.1, 2.0] and figures["spread"] == pytest.approx(0.05)


def test_each_artifact_has_its_newest_figures_with_the_reference_of_its_length(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = tmp_path / "bench"
    write_latencies(
        bench, [row("a.tflite", 2.0), row("b.tflite", 3.0)], [row("r.tflite", 60.0)], OPTIONS, MACHINE
    )
    later = replace(MACHINE, origin=MACHINE.origin | {"started": "2026-05-05T00:00:00+00:00"})
    references = [row("r.tflite", 70.0, 64), row("q.tflite", 90.0, 128)]
    write_latencies(bench, [row("a.tflite", 4.0, 128)], references, OPTIONS, later)
    found = newest_latencies(tmp_path)
    of_a, of_b = found[tmp_path / "a.tflite"], found[tmp_path / "b.tflite"]
    assert of_a == Latency(4.0, 1000, "bert_base", 90.0, 1000, 4.0, of_a.conditions, 128)
    assert of_b == Latency(3.0, 1000, "bert_base", 60.0, 1000, 3.0, of_b.conditions, 64)
    assert (of_a.conditions.line, of_b.conditions.line) == (
        f"1 thread. {later.line}",
        f"1 thread. {MACHINE.line}",
    )
    assert of_a.conditions.comparable == of_b.conditions.comparable


def test_the_newest_of_several_folders_counts_whatever_they_are_called(tmp_path):
    later = replace(MACHINE, origin=MACHINE.origin | {"started": "2026-05-05T00:00:00+00:00"})
    write_latencies(tmp_path / "a" / "bench", [row(str(tmp_path / "a.tflite"), 2.0)], [], OPTIONS, later)
    write_latencies(tmp_path / "z" / "bench", [row(str(tmp_path / "a.tflite"), 9.0)], [], OPTIONS, MACHINE)
    (found,) = newest_latencies(tmp_path / "a", tmp_path / "z").values()
    assert found.p50_ms == 2.0


def test_a_file_of_several_lengths_has_the_figures_of_the_longest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [row("a.tflite", 2.0, length=32), row("a.tflite", 8.0, length=128)]
    write_latencies(tmp_path / "bench", rows, [], OPTIONS, MACHINE)
    later = replace(MACHINE, origin=MACHINE.origin | {"started": "2026-05-05T00:00:00+00:00"})
    write_latencies(tmp_path / "bench", [row("a.tflite", 2.5, length=32)], [], OPTIONS, later)
    (found,) = newest_latencies(tmp_path).values()
    assert (found.p50_ms, found.tokens) == (8.0, 128)


def test_the_reference_of_the_same_mode_comes_before_that_of_the_length(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = [
        row("a.tflite", 2.0),
        row("b.tflite", 1.0, mode="dynamic_int8"),
        row("c.tflite", 1.5, mode="float16"),
    ]
    references = [row("r.tflite", 20.0), row("q.tflite", 9.0, mode="dynamic_int8")]
    write_latencies(tmp_path / "bench", own, references, OPTIONS, MACHINE)
    found = newest_latencies(tmp_path)
    assert [found[tmp_path / f"{name}.tflite"].reference_p50_ms for name in "ab"] == [20.0, 9.0]
    assert found[tmp_path / "c.tflite"].reference_p50_ms == 9.0


def test_times_on_a_phone_compare_only_where_the_same_computed_them(tmp_path):
    (tmp_path / "bench").mkdir()
    ways = [
        ("xnnpack", "f0", 2.0),
        ("gpu", None, 2.0),
        ("gpu", "f0", 2.0),
        ("gpu", None, None),
        ("gpu", None, 3.0),
    ]
    for number, (delegate, affinity, median) in enumerate(ways):
        figures = {
            "path": str(tmp_path / f"{number}.tflite"),
            "p50_ms": 2.0,
            "median_ms": median,
            "size_bytes": 9,
        }
        options = {"threads": 4, "delegate": delegate, "affinity": affinity}
        report = {**MACHINE.origin, "processor": "Some Phone", "load": None, "phone": {}, "options": options}
        (tmp_path / "bench" / f"{number}.json").write_text(json.dumps(report | {"rows": [figures]}))
    found = [latency.conditions for _, latency in sorted(newest_latencies(tmp_path).items())]
    assert len({one.comparable for one in found}) == 4 and found[1].comparable == found[4].comparable
    assert found[0].line.startswith("4 threads, xnnpack, cores f0. Measured on Some Phone, 2 cores, ")
    assert found[1].line.startswith("4 threads, gpu. Measured on Some Phone, 2 cores, ")
    assert found[3].line == f"{found[1].line} Times are means: the benchmark there prints no median."


def test_times_of_an_earlier_version_are_found_without_p90_and_machine(tmp_path):
    (tmp_path / "bench").mkdir()
    rows = [{"path": str(tmp_path / "a.tflite"), "p50_ms": 2.0, "size_bytes": 9}]
    (tmp_path / "bench" / "old.json").write_text(json.dumps({"started": "then", "rows": rows}))
    found = newest_latencies(tmp_path)[tmp_path / "a.tflite"]
    assert (found.p50_ms, found.p90_ms) == (2.0, None)
    assert found.conditions == Conditions()
    assert found.conditions.line == "The machine was not recorded."


def test_the_machine_is_described_in_a_line():
    assert MACHINE.line.startswith(
        "Measured on Some Processor, 2 cores, load 0.2, with LiteRT 1.0, 2026-05-0"
    )
    here = describe_machine()
    assert here.processor and here.cores > 0 and here.load >= 0 and here.origin["host"]
