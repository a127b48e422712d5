"""The log of a run."""

import math
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.runs.journal import Journal


def written(path: Path, steps: range) -> Journal:
    journal = Journal(path)
    for step in steps:
        journal.append({"step": step, "stage": "joint", "loss/total": step / 2})
    return journal


def steps(journal: Journal) -> list[int]:
    return [record["step"] for record in journal.read()]


def test_a_record_is_one_line_of_json(tmp_path: Path) -> None:
    written(tmp_path / "log.jsonl", range(10, 11))
    assert (tmp_path / "log.jsonl").read_text() == '{"step": 10, "stage": "joint", "loss/total": 5.0}\n'


def test_a_record_can_be_read_before_the_journal_is_closed(tmp_path: Path) -> None:
    journal = written(tmp_path / "log.jsonl", range(2))
    assert Journal(tmp_path / "log.jsonl").read() == journal.read() == [
        {"step": 0, "stage": "joint", "loss/total": 0.0}, {"step": 1, "stage": "joint", "loss/total": 0.5},
    ]  # fmt: skip
    assert journal.last() == {"step": 1, "stage": "joint", "loss/total": 0.5}


def test_a_journal_without_file_is_empty(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    journal.truncate_after(3)
    assert journal.read() == []
    assert journal.last() is None
    assert not journal.path.exists()


def test_numpy_numbers_are_numbers_and_infinite_ones_are_named(tmp_path: Path) -> None:
    with Journal(tmp_path / "log.jsonl") as journal:
        journal.append(
            {"step": np.int64(3), "loss": np.float32(0.5), "a": math.nan, "b": np.float32(-math.inf)}
        )
    assert journal.path.read_text() == '{"step": 3, "loss": 0.5, "a": "nan", "b": "-inf"}\n'


def test_later_steps_are_cut(tmp_path: Path) -> None:
    journal = written(tmp_path / "log.jsonl", range(0, 100, 10))
    journal.truncate_after(30)
    assert steps(journal) == [0, 10, 20, 30]
    journal.append({"step": 40})
    assert steps(journal) == [0, 10, 20, 30, 40]
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_cut_journal_is_the_journal_that_never_went_further(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", range(5))
    written(tmp_path / "b.jsonl", range(9)).truncate_after(4)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_records_without_a_step_stay(tmp_path: Path) -> None:
    journal = written(tmp_path / "log.jsonl", range(3))
    journal.append({"event": "interrupted"})
    journal.truncate_after(0)
    assert [record.get("step") for record in journal.read()] == [0, None]


@pytest.mark.parametrize("torn", ['{"step": 3, "lo', '{"step": 3}', "\x00\x00"])
def test_a_torn_last_line_is_dropped_by_readers_and_by_the_next_writer(tmp_path: Path, torn: str) -> None:
    written(tmp_path / "log.jsonl", range(3)).close()
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write(torn)
    journal = Journal(tmp_path / "log.jsonl")
    assert steps(journal) == [0, 1, 2]
    assert journal.last() == {"step": 2, "stage": "joint", "loss/total": 1.0}
    journal.append({"step": 3})
    assert steps(journal) == [0, 1, 2, 3]


def test_the_last_record_of_a_long_journal_is_found(tmp_path: Path) -> None:
    journal = written(tmp_path / "log.jsonl", range(3000))
    assert journal.path.stat().st_size > 100_000
    assert journal.last() == {"step": 2999, "stage": "joint", "loss/total": 1499.5}


def test_a_damaged_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.jsonl").write_text('{"step": 1}\nhello\n{"step": 2}\n')
    with pytest.raises(UserError) as caught:
        Journal(Path("log.jsonl")).read()
    assert caught.value.message == (
        "Every line of a journal must be a JSON object. Received: hello (log.jsonl, line 2)"
    )
    assert caught.value.hint == "Remove line 2 of log.jsonl."
