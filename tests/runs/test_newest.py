"""How the newest complete run is found, and what is read for that."""

import json
import sys
import time
from pathlib import Path

import pytest

from mbert_cli.runs.listing import newest_complete

NUM_RUNS, NUM_CHECKPOINTS = 200, 5
OPENED: list[Path] | None = None


def _note(event: str, arguments: tuple) -> None:
    if OPENED is not None and event in ("open", "os.scandir", "os.listdir"):
        OPENED.append(Path(arguments[0]))


sys.addaudithook(_note)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Complete runs with checkpoints, journals and figures."""
    root = tmp_path_factory.mktemp("many") / "runs"
    for number in range(NUM_RUNS):
        run = root / f"finetune-{number:03d}"
        completed = f"2026-01-01T00:00:00.{number:06d}+00:00"
        texts = {
            "recipe.yaml": f"seed: {number}\n",
            "origin.json": '{"verb": "finetune", "sessions": [{}]}',
            "log.jsonl": '{"step": 1, "loss": 0.5}\n' * 500,
            "final/manifest.json": json.dumps({"format": 1, "completed": completed, "files": {}}),
            "final/summary.json": '{"score": 0.5}',
        }
        texts |= {f"checkpoints/step-{step:06d}/state.json": "{}" for step in range(NUM_CHECKPOINTS)}
        for name, text in texts.items():
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_text(text)
    return root


def test_the_newest_run_is_found_by_two_small_files_of_each_run(root: Path) -> None:
    global OPENED
    OPENED = []
    newest = newest_complete(root, ("finetune",))
    opened, OPENED = OPENED, None
    assert newest == root / f"finetune-{NUM_RUNS - 1:03d}"
    runs = [root / f"finetune-{number:03d}" for number in range(NUM_RUNS)]
    expected = [root, *(run / "origin.json" for run in runs), *(run / "final/manifest.json" for run in runs)]
    assert sorted(opened) == sorted(expected)


def test_a_run_of_another_kind_is_read_no_further_than_its_kind(root: Path) -> None:
    global OPENED
    OPENED = []
    assert newest_complete(root, ("distill",)) is None
    opened, OPENED = OPENED, None
    assert {path.name for path in opened} == {root.name, "origin.json"}


def test_the_newest_of_many_runs_is_found_in_a_fraction_of_a_second(root: Path) -> None:
    started = time.process_time()
    newest_complete(root, ("finetune",))
    assert time.process_time() - started < 0.3
