"""What is printed, where, and how."""

import pytest

from mbert_cli import console, progress


@pytest.fixture(autouse=True)
def _loud():
    console.set_quiet(False)
    yield
    console.set_quiet(False)


def printed(capsys):
    captured = capsys.readouterr()
    return [[line.rstrip() for line in text.splitlines()] for text in (captured.out, captured.err)]


def test_results_go_to_standard_output_and_messages_to_standard_error(capsys):
    console.result("label: keras")
    console.info("teacher: runs/teacher")
    console.warning("the disk is nearly full")
    console.error("The run must be complete. Received: runs/x", "mbert runs")
    out, err = printed(capsys)
    assert out == ["label: keras"]
    assert err == [
        "teacher: runs/teacher",
        "Warning: the disk is nearly full",
        "Error: The run must be complete. Received: runs/x",
        "Hint: mbert runs",
    ]


def test_brackets_and_long_lines_are_printed_as_they_are(capsys):
    text = "[PAD] [bold] " + "word " * 100 + "end"
    console.info(text)
    console.error(text)
    assert printed(capsys)[1] == [text, f"Error: {text}"]


def test_quiet_hides_messages_plans_and_progress_but_no_results(capsys):
    console.set_quiet(True)
    console.info("hidden")
    console.plan("hidden", ["stage"], [["hidden"]])
    with console.progress(3, "hidden") as bar:
        bar.update(1, loss=1.0)
    console.result("shown")
    console.warning("shown")
    assert printed(capsys) == [["shown"], ["Warning: shown"]]


def test_a_table_sets_figures_to_the_right(capsys):
    console.table("Runs", ["name", "size", "score"], [("a", "1.5 MB", "91.2%"), ("longer", "120 kB", "")])
    assert printed(capsys)[0] == [
        "Runs",
        " name       size   score",
        "─────────────────────────",
        " a        1.5 MB   91.2%",
        " longer   120 kB",
        "",
    ]


def test_a_table_without_headings_has_rows_only(capsys):
    console.table("", ["", ""], [("tokens", "[UNK] 1,000")])
    assert printed(capsys)[0] == [" tokens   [UNK] 1,000", ""]


def test_a_plan_is_a_message_unless_it_is_the_result(capsys):
    console.plan("Plan", ["stage", "steps"], [["transfer", 10]], {"parameters": "1,000"})
    out, err = printed(capsys)
    assert (out, err[0], err[-1]) == ([], "Plan", "parameters: 1,000")
    console.set_quiet(True)
    console.plan("Plan", ["stage", "steps"], [["transfer", 10]], is_result=True)
    out, err = printed(capsys)
    assert (out[0], err) == ("Plan", [])


def test_progress_in_a_log_is_one_line_per_update(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with console.progress(1000, "distill", start=100) as bar:
        for now[0], step, figures in (
            (20.0, 300, {"stage": "transfer layer_00", "loss": 3.14159, "learning_rate": 1e-4}),
            (40.0, 500, {"loss": 2.5, "examples_per_second": 1234.5}),
            (60.0, 1000, {"loss": 2.0}),
        ):
            bar.update(step, **figures)
    assert printed(capsys)[1] == [
        "distill 300/1,000  transfer layer_00  loss 3.142  learning rate 0.0001",
        "distill 500/1,000  loss 2.5  1,234 examples/s  0:50 left",
        "distill 1,000/1,000  loss 2",
    ]


def test_progress_without_figures_speaks_after_half_a_minute_of_silence(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with console.progress(100, "encoding") as bar:
        for step in range(1, 101):
            now[0] = float(step)
            bar.update(step)
    assert [line.split("  ")[0] for line in printed(capsys)[1]] == [
        "encoding 30/100",
        "encoding 60/100",
        "encoding 90/100",
    ]


def test_progress_on_a_terminal_is_a_bar_with_figures(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console._messages.cache_clear()
    try:
        with console.progress(10, "distill") as bar:
            bar.update(5, loss=1.5, examples_per_second=80)
    finally:
        console._messages.cache_clear()
    shown = capsys.readouterr().err
    assert "distill" in shown
    assert "5/10" in shown
    assert "loss 1.5" in shown


def test_what_is_warned_of_in_another_process_is_collected_for_the_one_that_is_looked_at(capsys):
    with console.heard() as warnings:
        console.warning("A loss is high.")
    assert warnings == ["A loss is high."]
    console.warning("Another one.")
    assert "A loss is high." not in capsys.readouterr().err
