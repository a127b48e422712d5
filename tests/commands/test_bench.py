"""`mbert bench`: what it says before and after it has timed artifacts."""

from pathlib import Path

from mbert_cli.commands.bench import _plan, _warn_of_noise
from mbert_cli.tflite.latency import LatencyRow
from mbert_cli.tflite.latency_reports import Machine

MACHINE = Machine("Some Processor", 2, 0.25, {})


def row(path: str, rounds: tuple[float, ...] = (2.0, 2.1, 2.0)) -> LatencyRow:
    return LatencyRow(Path(path), 64, 1000, 10, 2.0, 2.0, 2.0, rounds, 5)


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
    page = _plan([Path("a.tflite"), Path("b.tflite")], 0.5)
    assert page.notes == ["Would time a.tflite for 0.5 s", "Would time b.tflite for 0.5 s"]
    assert page.record["would_time"][1] == {"path": Path("b.tflite"), "seconds": 0.5}
