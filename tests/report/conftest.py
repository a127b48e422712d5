"""Runs to report about."""

import shutil
from pathlib import Path

import pytest

from tests.report.family import write_family


@pytest.fixture(scope="session")
def family_as_written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs, written once: every file of a run is synced to the disk."""
    root = tmp_path_factory.mktemp("family")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return (root / write_family(Path("runs"))).resolve()


@pytest.fixture
def family(family_as_written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """runs/ in an empty folder, in which the test works."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(family_as_written, "runs")
    return Path("runs")
