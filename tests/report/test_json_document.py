"""Pages as JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from mbert_cli.page import Page
from mbert_cli.report.json_document import json_document
from mbert_cli.table import Table


def test_a_page_is_its_record_and_all_its_notes():
    page = Page([Table("Scores", ["a"], [("66.84%",)], ["First."])], {"score": 0.66840052}, ["Last."])
    assert json_document(page) == (
        '{\n  "score": 0.66840052,\n  "notes": [\n    "First.",\n    "Last."\n  ]\n}\n'
    )


def test_every_value_that_reports_have_can_be_read_again():
    record = {
        "path": Path("runs/x"),
        "moment": datetime(2026, 1, 2, tzinfo=UTC),
        "share": np.float64(1 / 3),
        "count": np.int32(3),
        "matrix": np.eye(2, dtype=np.int64),
        "pair": (1, 2),
        "nothing": None,
        "truth": True,
        "nested": {"not_a_number": float("nan"), "infinite": [float("inf")]},
    }
    assert json.loads(json_document(Page(record=record))) == {
        "path": "runs/x",
        "moment": "2026-01-02T00:00:00+00:00",
        "share": 1 / 3,
        "count": 3,
        "matrix": [[1, 0], [0, 1]],
        "pair": [1, 2],
        "nothing": None,
        "truth": True,
        "nested": {"not_a_number": None, "infinite": [None]},
        "notes": [],
    }


def test_characters_beyond_ascii_are_escaped_where_the_stream_has_none():
    page = Page(record={"label": "café 😀 \udcff"})
    assert json_document(page, holds_all=False).isascii()
    assert "café" in json_document(page)
    for holds_all in (True, False):
        assert json.loads(json_document(page, holds_all))["label"] == "café 😀 \udcff"
