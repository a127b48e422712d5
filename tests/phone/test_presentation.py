"""What stands beside an artifact for people who look at it."""

from pathlib import Path
from typing import Any

import pytest

from mbert_cli.phone.presentation import Presentation, artifact_facts
from mbert_cli.phone.web_packages import WebPackages
from mbert_cli.tasks.phone_client import ClientFit
from tests.phone.described import LENGTH, describe

REPORT: dict[str, Any] = {
    "mode": "dynamic_int8", "sequence_length": LENGTH, "size_bytes": 1_234_567, "metric": "accuracy",
    "parity": {"metric_keras": 0.9, "metric_artifact": 0.875, "examples": 40, "disagreement_rate": 0.05},
}  # fmt: skip


@pytest.mark.parametrize(("packages", "expected"), [(None, False), (WebPackages(), True)])
def test_a_page_is_written_where_one_is_wanted(export, packages, expected):
    artifact = export(describe("classification"))
    Presentation(Path("runs/mail"), ClientFit(), packages).write(artifact.parent, REPORT)
    card, page = (artifact.parent / name for name in ("README.md", "page/index.html"))
    assert ("python -m http.server" in card.read_text()) == expected
    assert page.exists() == expected
    if expected:
        assert f"mail, dynamic_int8, 1.2 MB, {LENGTH} tokens, accuracy 87.50%" in page.read_text()


def test_the_facts_of_an_artifact_name_all_its_lengths_and_no_score_where_nobody_knows_the_truth():
    report = REPORT | {"metric": "agreement", "examples_by_length": {"32": 5, "64": 2}}
    assert artifact_facts(report) == ["dynamic_int8", "1.2 MB", "32 or 64 tokens"]
