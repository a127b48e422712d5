"""The files of a submission."""

import json
from pathlib import Path

from mbert_cli.page import Delivery
from mbert_cli.report.submission import submission_page
from mbert_cli.report.terminal import page_text
from mbert_cli.tasks.submission import SubmissionFile

FILES = [
    SubmissionFile(Path("out/RTE.tsv"), Path("runs/rte"), 3000),
    SubmissionFile(Path("out/AX.tsv"), Path("m"), 1),
]


def test_a_line_names_each_file_with_its_predictions():
    assert page_text(submission_page(FILES), Delivery()).splitlines() == [
        "out/RTE.tsv: 3,000 predictions of runs/rte",
        "out/AX.tsv: 1 prediction of m",
    ]


def test_json_names_them_too():
    document = json.loads(page_text(submission_page(FILES), Delivery("json")))
    assert document["submissions"][0] == {"path": "out/RTE.tsv", "model": "runs/rte", "predictions": 3000}
