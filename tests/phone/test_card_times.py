"""The card of an artifact says how fast it is once `mbert bench` has timed it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.phone.card_times import latency_words, write_times
from mbert_cli.runs.manifest import other_files, write_directory
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Latency, Machine, write_latencies
from mbert_cli.tflite.options import BenchOptions

MACHINE = Machine(
    "Some Processor", 2, 0.25,
    {"started": "2026-05-04T03:02:01+00:00", "versions": {"ai-edge-litert": "1.0"}, "cores": 2},
)  # fmt: skip
TIMED = f"1 thread. {MACHINE.line}"
CARD = "# A title\n\n| latency | not measured yet |\n\n| latency | of another table |\n"


@pytest.fixture
def artifact(tmp_path) -> Path:
    """A file of two lengths with its report and its card."""

    def write(folder: Path) -> None:
        (folder / "model.tflite").write_bytes(b"tflite")
        (folder / "README.md").write_text(CARD)
        report = {"size_bytes": 6, "examples_by_length": {"32": 5, "64": 2}}
        (folder / "report.json").write_text(json.dumps(report))

    write_directory(tmp_path / "int8", write)
    return tmp_path / "int8/model.tflite"


def timed(artifact: Path, *lengths: int, size_bytes: int = 6) -> Path:
    rows = [
        LatencyRow(artifact, length, "int8", size_bytes, 10, length / 4, length / 2, length, (1.0, 1.0), 5)
        for length in lengths
    ]
    return write_latencies(artifact.parents[1] / "bench", rows, [], BenchOptions(), MACHINE)


def test_a_card_has_the_times_at_the_longest_length_and_the_folder_stays_whole(artifact):
    write_times(timed(artifact, 32, 64))
    words = f"p50 16.00 ms, p90 32.00 ms at 64 tokens; {TIMED}"
    assert artifact.with_name("README.md").read_text() == CARD.replace("not measured yet", words)
    assert not other_files(artifact.parent)
    write_times(timed(artifact, 64, 32))
    assert not other_files(artifact.parent)


def test_a_card_that_a_person_changed_and_one_of_another_file_stay_as_they_are(artifact):
    card = artifact.with_name("README.md")
    write_times(timed(artifact, 64, size_bytes=7))
    assert card.read_text() == CARD
    card.write_text(CARD + "mine\n")
    write_times(timed(artifact, 64))
    assert card.read_text() == CARD + "mine\n"


def test_a_file_that_lies_alone_beside_a_readme_leaves_that_as_it_is(tmp_path):
    alone, readme = tmp_path / "a/model.tflite", tmp_path / "a/README.md"
    alone.parent.mkdir()
    alone.write_bytes(b"tflite")
    readme.write_text(CARD)
    write_times(timed(alone, 64))
    assert readme.read_text() == CARD


def test_a_card_that_cannot_be_written_ends_nothing(artifact, monkeypatch, capsys):
    def refuse(path, data):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("mbert_cli.phone.card_times.replace_sealed", refuse)
    write_times(timed(artifact, 64))
    assert "Read-only file system" in "".join(capsys.readouterr())


def test_a_row_names_the_length_where_there_are_several_and_what_to_do_where_there_are_no_times():
    latency = Latency(2.0, 6, tokens=64)
    assert latency_words(latency, ["64"], has_page=False) == "p50 2.00 ms; The machine was not recorded."
    assert latency_words(replace(latency, tokens=None), ["32", "64"], has_page=False).startswith(
        "p50 2.00 ms; "
    )
    assert latency_words(latency, ["32", "64"], has_page=False).startswith("p50 2.00 ms at 64 tokens; ")
    assert latency_words(None, ["64"], has_page=True).endswith("`mbert bench --adb`, or with the page")
