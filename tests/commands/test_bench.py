"""`mbert bench`: what it says before and after it has timed artifacts."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mbert_cli.commands import bench
from mbert_cli.commands.bench import _plan, _warn_of_noise
from mbert_cli.errors import UserError
from mbert_cli.page import Delivery
from mbert_cli.phone.adb import Device
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine
from mbert_cli.tflite.options import BenchOptions

MACHINE = Machine("Some Processor", 2, 0.25, {"versions": {}, "started": "2025-01-01T00:00:00+00:00"})


def row(path: str, rounds: tuple[float, ...] = (2.0, 2.1, 2.0)) -> LatencyRow:
    return LatencyRow(Path(path), 64, "float32", 1000, 10, 2.0, 2.0, 2.0, rounds, 5)


def test_rounds_that_lie_far_apart_draw_a_warning(capsys):
    _warn_of_noise([row("a.tflite"), row("b.tflite", rounds=(2.0, 2.6, 1.9))], MACHINE)
    assert capsys.readouterr().err == (
        "Warning: The medians of the rounds lie far apart: b by 35%. Other work was going on (load 0.2 on 2 cores), "
        "or the clock of the processor changed: time again when it is idle, or with more rounds, "
        "--set bench.rounds=9.\n"
    )
    _warn_of_noise([row("a.tflite", rounds=(2.0,))], MACHINE)
    assert capsys.readouterr().err == ""


def test_a_plan_names_each_artifact_and_its_seconds():
    page = _plan([Path("a.tflite"), Path("b.tflite")], "for 0.5 s")
    assert page.notes == ["Would time a.tflite for 0.5 s", "Would time b.tflite for 0.5 s"]
    assert page.record["would_time"][1] == {"path": Path("b.tflite"), "how": "for 0.5 s"}


@pytest.mark.parametrize(
    ("sweep", "phone", "how"),
    [
        (False, None, "for 5 s"),
        (False, (Device("0A041", "Pixel 8", "", "15", 9), Path("binary")), "on Pixel 8, Android 15"),
        (True, None, "at each length for 5 s with each of 1, 2 threads, and score it on up to 400 examples"),
    ],
)
def test_a_plan_says_where_and_how(sweep, phone, how, monkeypatch):
    monkeypatch.setattr(bench, "count_cores", lambda: 2)
    ready = SimpleNamespace(
        phone=phone, recipe=SimpleNamespace(bench=BenchOptions()), invocation=SimpleNamespace(sweep=sweep)
    )
    assert bench._how(ready) == how


def test_where_the_texts_of_a_task_are_not_here_the_hint_names_others():
    def read(options, max_examples):
        raise UserError("A text file must be readable. Received: mail.tsv", "Check the path.")

    with pytest.raises(UserError) as caught:
        bench._examples(SimpleNamespace(sample=read), None)
    assert caught.value.hint == (
        "Check the path. With --set task.source=imported documentation of installed packages takes their place."
    )


@pytest.mark.parametrize("file", [None, "page.md"])
def test_times_are_shown_though_their_report_cannot_be_written(file, tmp_path, monkeypatch, capsys):
    def stop(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", "bench")

    path = file and tmp_path / file
    invocation = SimpleNamespace(
        dry_run=False, sweep=False, run=None, root=tmp_path, delivery=Delivery(file=path)
    )
    recipe = SimpleNamespace(bench=BenchOptions())
    monkeypatch.setattr(bench, "measure_latencies", lambda timed, options: [row(str(tmp_path / "a.tflite"))])
    monkeypatch.setattr(bench, "describe_machine", lambda: MACHINE)
    monkeypatch.setattr(bench, "_inputs", lambda ready: [[]])
    monkeypatch.setattr(bench, "adb_lines", lambda artifacts, options: [])
    monkeypatch.setattr(bench, "write_latencies", stop)
    artifact = tmp_path / "a.tflite"
    artifact.touch()
    models = [SimpleNamespace(path=artifact)]
    ready = SimpleNamespace(
        logs=(), phone=None, invocation=invocation, recipe=recipe, artifacts=[artifact], models=models
    )
    with pytest.raises(PermissionError):
        bench.run(ready)
    assert "2.00" in (path.read_text() if path else capsys.readouterr().out)


def test_what_was_timed_is_noted_on_the_cards(tmp_path, monkeypatch):
    noted = []
    invocation = SimpleNamespace(dry_run=False, sweep=False, run=None, root=tmp_path, delivery=Delivery())
    monkeypatch.setattr(bench, "measure_latencies", lambda timed, options: [row(str(tmp_path / "a.tflite"))])
    monkeypatch.setattr(bench, "describe_machine", lambda: MACHINE)
    monkeypatch.setattr(bench, "_inputs", lambda ready: [[]])
    monkeypatch.setattr(bench, "adb_lines", lambda artifacts, options: [])
    monkeypatch.setattr(bench, "write_times", noted.append)
    models = [SimpleNamespace(path=tmp_path / "a.tflite")]
    models[0].path.touch()
    recipe = SimpleNamespace(bench=BenchOptions())
    bench.run(
        SimpleNamespace(
            logs=(),
            phone=None,
            invocation=invocation,
            recipe=recipe,
            artifacts=[models[0].path],
            models=models,
        )
    )
    assert noted == sorted((tmp_path / "bench").glob("*.json"))
