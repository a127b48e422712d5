"""What is told of a training, and to whom."""

import json
from pathlib import Path

from mbert_cli.runs.journal import Journal
from mbert_cli.train.observer import Observer


class Recorder:
    """A display that remembers what it is shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, dict]] = []

    def update(self, step: int, **fields: object) -> None:
        self.shown.append((step, fields))


def test_each_line_of_the_log_has_step_and_stage_before_its_figures(tmp_path: Path):
    with Journal(tmp_path / "log.jsonl") as journal:
        Observer(journal).log(3, "first", {"loss/total": 1.5})
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert list(json.loads(line).items()) == [("step", 3), ("stage", "first"), ("loss/total", 1.5)]


def test_display_and_watch_are_told_and_need_not_be_there(tmp_path: Path):
    display, validated = Recorder(), []
    with Journal(tmp_path / "log.jsonl") as journal:
        for observer in (Observer(journal), Observer(journal, display, validated.append)):
            observer.show(5, loss=2.0)
            observer.tell_validated(5)
    assert (display.shown, validated) == ([(5, {"loss": 2.0})], [5])
