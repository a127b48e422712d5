"""A row for each run."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mbert_cli.page import Delivery
from mbert_cli.report.run_table import run_record, runs_page
from mbert_cli.report.terminal import page_text
from mbert_cli.runs.listing import RunInfo

ROOT = Path("runs")
BEGAN = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
MOMENT = datetime(2026, 1, 2, 12, 4, tzinfo=UTC)
SHOWN_MOMENT = f"{MOMENT.astimezone():%Y-%m-%d %H:%M}"


def info(name: str, **changes: object) -> RunInfo:
    known = {
        "kind": "finetune", "state": "complete", "size_bytes": 24_600_000, "steps": 4000, "score": 2 / 3,
        "score_name": "accuracy", "began": BEGAN, "last_began": MOMENT, "finished": MOMENT,
    }  # fmt: skip
    return RunInfo(path=ROOT / name, **(known | changes))


PLAIN = info("books/plain")
SEARCH = info("s", trials=(2, 6), deviation=0.0283, scored_on=(1872, "3f9a1c02aaaaaaaa"))
EMPTY = info("x", kind="prepare", state="empty", steps=None, score=None, score_name=None, finished=None)


def test_each_run_is_a_row_and_the_column_of_sets_comes_with_the_first_set():
    (table,) = runs_page(ROOT, [PLAIN, EMPTY], []).tables
    assert list(table.columns) == ["name", "kind", "state", "steps", "size", "score", "when"]
    assert table.rows == [
        ["books/plain", "finetune", "complete", "4,000", "24.6 MB", "accuracy 66.67%", SHOWN_MOMENT],
        ["x", "prepare", "empty", "", "24.6 MB", "", SHOWN_MOMENT],
    ]
    (table,) = runs_page(ROOT, [SEARCH], []).tables
    assert table.rows == [
        ["s", "finetune", "complete", "2 of 6 trials", "24.6 MB", "accuracy 66.67% ± 2.83%", "1,872 (3f9a1c02)",
         SHOWN_MOMENT],
    ]  # fmt: skip


def test_json_has_the_same_keys_for_every_run_and_null_for_what_is_not_known():
    document = json.loads(
        page_text(runs_page(ROOT, [PLAIN, SEARCH, EMPTY], [Path("runs/photos")]), Delivery("json"))
    )
    plain, search, empty = document["runs"]
    assert plain["score"] == {
        "name": "accuracy",
        "value": 2 / 3,
        "deviation": None,
        "examples": None,
        "set": None,
    }
    assert search["trials"] == {"done": 2, "total": 6}
    assert search["score"]["set"] == "3f9a1c02aaaaaaaa"
    assert empty == {
        "name": "x", "path": "runs/x", "kind": "prepare", "state": "empty", "steps": None, "trials": None,
        "size_bytes": 24_600_000, "score": None, "began": "2026-01-01T09:30:00+00:00",
        "last_session_began": "2026-01-02T12:04:00+00:00", "finished": None,
    }  # fmt: skip
    assert plain.keys() == search.keys() == empty.keys()
    assert document["folders_that_are_no_runs"] == ["runs/photos"]
    assert document["notes"] == ["Not runs: runs/photos"]


def test_markdown_sets_figures_to_the_right():
    text = page_text(runs_page(ROOT, [PLAIN], []), Delivery("markdown"))
    assert text.splitlines()[2:] == [
        f"| name        | kind     | state    | steps |    size | score           | {'when':<16} |",
        "| ----------- | -------- | -------- | ----: | ------: | --------------- | ---------------- |",
        f"| books/plain | finetune | complete | 4,000 | 24.6 MB | accuracy 66.67% | {SHOWN_MOMENT} |",
    ]


def test_a_folder_without_runs_says_how_to_make_one():
    page = runs_page(ROOT, [], [])
    assert not page.tables
    assert page.notes == ["There are no runs in runs. `mbert train-teacher` makes the first."]
    assert page.record["runs"] == []


def test_a_run_is_named_by_its_place_in_the_folder():
    assert run_record(ROOT, PLAIN)["name"] == "books/plain"
