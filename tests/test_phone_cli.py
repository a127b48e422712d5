"""Flags of the verbs for phones that need more than Typer knows."""

import pytest


@pytest.mark.parametrize(
    ("words", "serial", "targets"),
    [
        (["--adb"], "", []),
        (["--adb", "--threads", "4"], "", []),
        (["--adb", "0A041"], "0A041", []),
        (["--adb=0A041", "a.tflite"], "0A041", ["a.tflite"]),
        (["--adb", "runs/a"], "", ["runs/a"]),
        (["--adb", "a.tflite"], "", ["a.tflite"]),
        (["a.tflite", "--adb", "192.168.0.7:5555"], "192.168.0.7:5555", ["a.tflite"]),
        ([], None, []),
    ],
)
def test_the_phone_of_adb_may_be_left_out(words, serial, targets, monkeypatch, run):
    seen = {}

    def record(verb, invocation):
        seen.update(adb=invocation.adb, targets=[str(target) for target in invocation.targets])

    monkeypatch.setattr("mbert_cli.phone_cli.run_verb", record)
    assert run("bench", *words)[0] == 0
    assert seen == {"adb": serial, "targets": targets}
