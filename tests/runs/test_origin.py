"""Where a run comes from."""

import json
import os
import platform
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from mbert_cli.runs import origin


def test_an_origin_has_all_facts_and_is_plain_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/bin/mbert", "distill", "--set", "corpus.globs=[a b]"])
    facts = origin.collect_origin(seed=3, backend="jax", device="cpu")
    assert json.loads(json.dumps(facts)) == facts
    assert list(facts) == [
        "command", "started", "seed", "backend", "device", "host", "platform", "cores", "versions", "commit",
    ]  # fmt: skip
    assert facts["command"] == "mbert distill --set 'corpus.globs=[a b]'"
    assert (facts["seed"], facts["backend"], facts["device"]) == (3, "jax", "cpu")
    assert 1 <= facts["cores"] <= os.cpu_count()
    assert datetime.fromisoformat(facts["started"]).utcoffset().total_seconds() == 0


def test_versions_are_those_installed() -> None:
    versions = origin.collect_origin()["versions"]
    assert versions["python"] == platform.python_version()
    assert {"keras", "tensorflow", "numpy", "safetensors"} <= set(versions)


def test_a_package_outside_a_checkout_has_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(origin, "__file__", str(tmp_path / "mbert_cli/runs/origin.py"))
    assert origin.collect_origin()["commit"] is None


def test_a_checkout_without_a_working_git_has_no_commit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(origin, "__file__", str(tmp_path / "mbert_cli/runs/origin.py"))
    assert origin.collect_origin()["commit"] is None


def test_a_checkout_has_its_commit_and_says_when_it_was_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def git(*arguments: str) -> str:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *author, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "file").write_text("1")
    git("init"), git("add", "file"), git("commit", "--no-verify", "-m", "first")
    monkeypatch.setattr(origin, "__file__", str(tmp_path / "mbert_cli/runs/origin.py"))
    commit = git("rev-parse", "HEAD")
    assert origin.collect_origin()["commit"] == commit
    (tmp_path / "file").write_text("2")
    assert origin.collect_origin()["commit"] == f"{commit}-dirty"
